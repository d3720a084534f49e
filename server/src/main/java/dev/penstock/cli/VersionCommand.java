package dev.penstock.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URL;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock version}: what is installed here; asks no server. */
@Command(
        name = "version",
        description = "Show the versions of penstock and of what it runs on.",
        usageHelpAutoWidth = true,
        footer = {"", "Examples:", "  penstock version", "  penstock version -o json"})
final class VersionCommand implements Callable<Integer>, IVersionProvider {
    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Output output = Output.TABLE;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = java.util.Objects.requireNonNull(spec).commandLine().getOut();
        Map<String, String> facts = facts();
        if (output == Output.JSON) {
            Json.print(facts, out);
        } else {
            facts.forEach((name, value) -> out.printf("%-12s  %s%n", name, value));
        }
        out.flush();
        return ExitCode.OK;
    }

    @Override
    public String[] getVersion() throws IOException {
        return new String[] {"penstock " + facts().get("penstock")};
    }

    private static Map<String, String> facts() throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        Properties build = buildProperties();
        facts.put("penstock", build.getProperty("version", "unknown"));
        for (String optional : new String[] {"commit", "time"}) {
            String value = build.getProperty(optional, "");
            // A build outside a repository leaves the placeholder unfilled.
            if (!value.isEmpty() && !value.startsWith("${")) {
                facts.put(optional, value);
            }
        }
        facts.put("jdk", Runtime.version() + " " + System.getProperty("java.vendor", ""));
        String engine = onnxRuntimeVersion();
        if (engine != null) {
            facts.put("onnxruntime", engine);
        }
        return facts;
    }

    private static Properties buildProperties() throws IOException {
        Properties build = new Properties();
        try (InputStream in = VersionCommand.class.getResourceAsStream("/build.properties")) {
            if (in != null) {
                build.load(in);
            }
        }
        return build;
    }

    /** From the manifest of its jar: asking the library itself would load 28 MB of native code. */
    private static @Nullable String onnxRuntimeVersion() throws IOException {
        Enumeration<URL> manifests =
                VersionCommand.class.getClassLoader().getResources("META-INF/MANIFEST.MF");
        while (manifests.hasMoreElements()) {
            try (InputStream in = manifests.nextElement().openStream()) {
                Attributes main = new Manifest(in).getMainAttributes();
                if ("onnxruntime".equals(main.getValue(Attributes.Name.IMPLEMENTATION_TITLE))) {
                    return main.getValue(Attributes.Name.IMPLEMENTATION_VERSION);
                }
            }
        }
        return null;
    }
}

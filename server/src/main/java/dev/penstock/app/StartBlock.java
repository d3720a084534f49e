package dev.penstock.app;

import dev.penstock.access.Access;
import dev.penstock.access.Right;
import dev.penstock.control.VersionView;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the server says once it is ready: what runs, where, and one line to try. A line of JSON a
 * fact without a terminal.
 */
final class StartBlock {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long KIB = 1024;

    private final Gateway gateway;
    private final PrintWriter out;

    private StartBlock(Gateway gateway, PrintWriter out) {
        this.gateway = gateway;
        this.out = out;
    }

    static void print(Gateway gateway, boolean onTerminal, PrintWriter out) {
        StartBlock block = new StartBlock(gateway, out);
        if (onTerminal || System.getenv("PENSTOCK_DEMO") != null) {
            block.text();
        } else {
            block.json();
        }
        out.flush();
    }

    private void text() {
        out.printf(
                "%npenstock %s   JDK %s   %s   %s, %d %s%n%n",
                Build.VERSION,
                Runtime.version().feature(),
                gateway.engineText(),
                gateway.transportText(),
                gateway.config().server().loops(),
                gateway.config().server().loops() == 1 ? "loop" : "loops");
        for (VersionView version : gateway.versions()) {
            line("model", versionText(version));
        }
        if (gateway.versions().isEmpty()) {
            line(
                    "models",
                    gateway.config().models().dir() + " is empty: put NAME/1/model.onnx there");
        }
        line(
                "http",
                "http://"
                        + Address.shown(gateway.httpAddress())
                        + "    Open Inference Protocol v2"
                        + scope(gateway.httpAddress()));
        line(
                "grpc",
                Address.shown(gateway.grpcAddress())
                        + "           health and reflection on"
                        + scope(gateway.grpcAddress()));
        line(
                "metrics",
                "http://"
                        + Address.shown(gateway.metricsAddress())
                        + "/metrics"
                        + scope(gateway.metricsAddress()));
        line("admin", "http://" + Address.shown(gateway.adminAddress()) + "/admin/v1/models");
        line("access", accessText());
        line("data", gateway.config().data().dir().toString());
        line("lineage", lineageText(gateway.config().lineage()));
        out.printf(Locale.ROOT, "%nReady in %.1f s.", gateway.aliveNanos() / 1e9);
        tryThis();
        out.println();
    }

    private void line(String name, String value) {
        out.printf("  %-9s %s%n", name, value);
    }

    private String accessText() {
        Access access = gateway.access();
        StringBuilder text =
                new StringBuilder("without a token: ")
                        .append(Right.textOf(access.settings().anonymous()));
        if (access.isAdminOpen()) {
            text.append("; all rights on admin, which is on loopback");
        }
        if (access.settings().hasTokens()) {
            text.append("   tokens: ").append(access.tokenCount());
        }
        return text.toString();
    }

    private static String lineageText(LineageConfig lineage) {
        String share =
                BigDecimal.valueOf(lineage.sample().value())
                        .movePointRight(2)
                        .stripTrailingZeros()
                        .toPlainString();
        String what =
                switch (lineage.payload()) {
                    case FULL ->
                            lineage.redact().isEmpty()
                                    ? "with values, as they are"
                                    : "with values, redacted as configured";
                    case HASH -> "digests of values only (lineage.payload: full keeps values)";
                    case NONE -> "no values and no digests (lineage.payload: full keeps values)";
                };
        return share + " % recorded, " + what + ", for " + lineage.retention().days() + " days";
    }

    private Map<String, Object> accessFacts() {
        Access access = gateway.access();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("anonymous", Right.textOf(access.settings().anonymous()));
        facts.put("anonymousAdmin", access.isAdminOpen());
        facts.put("tokens", access.tokenCount());
        return facts;
    }

    private static Map<String, Object> lineageFacts(LineageConfig lineage) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("sample", lineage.sample().value());
        facts.put("payload", lineage.payload().name().toLowerCase(Locale.ROOT));
        facts.put("redactRules", lineage.redact().size());
        return facts;
    }

    private static String scope(InetSocketAddress address) {
        return address.getAddress().isAnyLocalAddress() ? "   on all addresses" : "";
    }

    private static String versionText(VersionView version) {
        String name = String.format("%s v%d", version.model(), version.version());
        if (version.state().equals("ready")) {
            return String.format(
                    "%-14s %s   %s, %s",
                    name, size(version.bytes()), version.execution(), version.executionReason());
        }
        return String.format(
                "%-14s %s%s",
                name, version.state(), version.reason() == null ? "" : ": " + version.reason());
    }

    private static String size(long bytes) {
        return bytes < KIB * KIB
                ? String.format("%4d KB", Math.max(1, bytes / KIB))
                : String.format("%4d MB", bytes / KIB / KIB);
    }

    private void tryThis() {
        String address = Address.shown(gateway.httpAddress());
        if (System.getenv("PENSTOCK_DEMO") != null) {
            out.printf(" Try:%n");
            out.printf(
                    "  curl -s %s/v2/models/penguins/infer -d @config/demo/adelie.json%n", address);
            out.printf(
                    "  curl -s %s/v2/models/minilm/infer -d @config/demo/sentence.json%n", address);
            out.printf("  alias penstock=server/target/penstock/bin/penstock%n");
            out.printf("  penstock infer penguins 39.1 18.7 181 3750 --grpc%n");
            out.printf("  penstock lineage tail%n");
        } else {
            out.printf(" Try:%n  %s%n", Trial.of(gateway.served(), address));
        }
    }

    private void json() {
        fact("version", Map.of("version", Build.VERSION, "engine", gateway.engineText()));
        List<VersionView> versions = gateway.versions();
        for (VersionView version : versions) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("model", version.model());
            facts.put("version", version.version());
            facts.put("state", version.state());
            if (version.reason() != null) {
                facts.put("reason", version.reason());
            }
            fact("model", facts);
        }
        fact("http", Map.of("address", "http://" + Address.shown(gateway.httpAddress())));
        fact("grpc", Map.of("address", Address.shown(gateway.grpcAddress())));
        fact("metrics", Map.of("address", "http://" + Address.shown(gateway.metricsAddress())));
        fact("admin", Map.of("address", "http://" + Address.shown(gateway.adminAddress())));
        fact("access", accessFacts());
        fact("lineage", lineageFacts(gateway.config().lineage()));
        fact("ready", Map.of("millis", gateway.aliveNanos() / 1_000_000));
    }

    private void fact(String name, Map<String, ?> values) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("fact", name);
        line.putAll(values);
        out.println(JSON.writeValueAsString(line));
    }
}

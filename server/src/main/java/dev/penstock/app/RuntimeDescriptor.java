package dev.penstock.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that the bits of an answer may depend on besides the model and the input: who builds on the
 * same descriptor may expect the same bits.
 */
final class RuntimeDescriptor {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
    private static final Pattern SPACES = Pattern.compile(" +");

    private RuntimeDescriptor() {}

    /**
     * The descriptor as one JSON object with its keys in alphabetical order.
     *
     * @param intraOpThreads threads of one operator
     */
    static byte[] json(String engine, String runtimeVersion, int intraOpThreads) {
        Map<String, Object> facts = new TreeMap<>();
        facts.put("penstock", Build.VERSION);
        facts.put("jdk", Runtime.version().toString());
        facts.put("onnxruntime", runtimeVersion);
        facts.put("engine", engine);
        facts.put("provider", "cpu");
        facts.put("intra_op_threads", intraOpThreads);
        facts.put("inter_op_threads", 1);
        facts.put("graph_optimization", "all");
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        Map<String, String> cpu = cpu(cpuInfo());
        facts.put("cpu", cpu.getOrDefault("model name", "unknown"));
        facts.put("cpu_flags", sorted(cpu.getOrDefault("flags", "")));
        return JSON.writeValueAsString(facts).getBytes(StandardCharsets.UTF_8);
    }

    private static List<String> cpuInfo() {
        try {
            return Files.readAllLines(CPU_INFO);
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The fields of the first processor. */
    private static Map<String, String> cpu(List<String> lines) {
        Map<String, String> fields = new HashMap<>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon < 0) {
                break;
            }
            fields.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
        }
        return fields;
    }

    private static List<String> sorted(String flags) {
        return Arrays.stream(SPACES.split(flags)).filter(f -> !f.isEmpty()).sorted().toList();
    }
}

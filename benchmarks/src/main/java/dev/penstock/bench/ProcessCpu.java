package dev.penstock.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * CPU time of a process, thread by thread, as the Linux scheduler counts it: waiting for a core
 * does not count, so neighbours on the machine distort it least.
 *
 * @param nanos by thread id
 * @param names by thread id
 */
record ProcessCpu(Map<String, Long> nanos, Map<String, String> names) {
    static ProcessCpu of(long pid) throws IOException {
        Map<String, Long> nanos = new HashMap<>();
        Map<String, String> names = new HashMap<>();
        Path tasks = Path.of("/proc", Long.toString(pid), "task");
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                String id = thread.getFileName().toString();
                try {
                    names.put(id, Files.readString(thread.resolve("comm")).strip());
                    String running = Files.readString(thread.resolve("schedstat"));
                    nanos.put(id, Long.parseLong(running.substring(0, running.indexOf(' '))));
                } catch (IOException e) {
                    // The thread ended while we looked; what it used in this round is lost.
                    continue;
                }
            }
        }
        return new ProcessCpu(nanos, names);
    }

    /** Nanoseconds since {@code before}, without the JIT compiler's threads. */
    long workSince(ProcessCpu before) {
        return since(before, false);
    }

    /** Nanoseconds that the JIT compiler's threads used since {@code before}. */
    long compilerSince(ProcessCpu before) {
        return since(before, true);
    }

    private long since(ProcessCpu before, boolean ofCompiler) {
        long sum = 0;
        for (Map.Entry<String, Long> thread : nanos.entrySet()) {
            if (isCompiler(names.getOrDefault(thread.getKey(), "")) == ofCompiler) {
                sum += thread.getValue() - before.nanos.getOrDefault(thread.getKey(), 0L);
            }
        }
        return sum;
    }

    /** HotSpot names them {@code C1 CompilerThre0} and so on, cut to 15 characters. */
    private static boolean isCompiler(String name) {
        return name.startsWith("C1 Comp") || name.startsWith("C2 Comp");
    }
}

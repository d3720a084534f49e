package dev.penstock.bench.reference;

import com.sun.management.ThreadMXBean;
import dev.penstock.bench.workload.Workload;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One reference as a process: {@code ReferenceServer KIND PORT WORKLOAD MODELS}.
 *
 * <p>KIND is {@code echo}, {@code http}, {@code grpc} or {@code direct}; the last has no socket. It
 * says {@code ready} when it listens, then answers one line for each line on its standard input,
 * and ends with that input, so that it never outlives the comparison:
 *
 * <ul>
 *   <li>{@code allocated}: bytes ever allocated on the Java heap
 *   <li>{@code run MILLIS} ({@code direct} alone): runs done and nanoseconds of CPU they took
 * </ul>
 */
public final class ReferenceServer {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private ReferenceServer() {}

    public static void main(String[] args) throws Throwable {
        // What libraries print must not stand between the answers.
        PrintStream answers = System.out;
        System.setOut(System.err);
        String kind = args[0];
        int port = Integer.parseInt(args[1]);
        Workload workload = Workload.valueOf(args[2]);
        Path file = workload.file(Path.of(args[3]));
        DirectRuns direct = null;
        switch (kind) {
            case "echo" -> HttpReference.start(port, null);
            case "http" -> HttpReference.start(port, new ReferenceModel(workload, file));
            case "grpc" -> GrpcReference.start(port, new ReferenceModel(workload, file));
            case "direct" -> direct = new DirectRuns(workload, new ReferenceModel(workload, file));
            default -> throw new IllegalArgumentException("no such kind: " + kind);
        }
        answers.println("ready");
        obey(direct, answers);
        Runtime.getRuntime().halt(0);
    }

    private static void obey(@Nullable DirectRuns direct, PrintStream answers) throws Throwable {
        BufferedReader commands =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            if (line.equals("allocated")) {
                answers.println(Long.toString(THREADS.getTotalThreadAllocatedBytes()));
            } else if (line.startsWith("run ") && direct != null) {
                answers.println(direct.run(Long.parseLong(line.substring("run ".length()))));
            } else {
                throw new IOException("no such command: " + line);
            }
        }
    }

    static EventLoopGroup oneLoop() {
        return new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    }
}

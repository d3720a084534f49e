package dev.penstock.bench;

import dev.penstock.bench.load.LoadGenerator;
import dev.penstock.bench.load.LoadPlan;
import dev.penstock.bench.load.LoadResult;
import dev.penstock.bench.workload.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures the running server beside a bare echo, ONNX Runtime called directly and the reference
 * servers.
 *
 * <p>All servers run at once and are loaded in turn, round by round (A B C, A B C, …), so that a
 * busy machine slows all alike; a ratio is taken within a round, then its spread over the rounds is
 * told. The figure is the server's CPU time a request: unlike wall time it means something on a
 * shared machine. The ratio of the two best rounds moves least of all.
 */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures penstock beside its references; CPU per request as a ratio.")
public final class Compare implements Callable<Integer> {
    @Option(
            names = "--model",
            defaultValue = "MLP",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Workload workload = Workload.MLP;

    @Option(
            names = {"-c", "--concurrency"},
            split = ",",
            defaultValue = "8",
            description = "Requests in flight, one table for each (default: ${DEFAULT-VALUE}).")
    private List<Integer> concurrencies = List.of();

    @Option(names = "--rounds", defaultValue = "7", description = "Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--duration",
            defaultValue = "1500",
            description = "Milliseconds of a case in a round (default: ${DEFAULT-VALUE}).")
    private long millis;

    @Option(
            names = "--rate",
            defaultValue = "0",
            description = "Open loop: requests due in a second (default: closed loop).")
    private double perSecond;

    @Option(
            names = "--warm-up",
            defaultValue = "12",
            description = "Seconds of warm-up of each case (default: ${DEFAULT-VALUE}).")
    private int warmUpSeconds;

    @Option(
            names = "--cases",
            split = ",",
            description = "Only these; a case's reference comes with it (default: all).")
    private List<String> only = List.of();

    @Option(
            names = "--penstock",
            defaultValue = "server/target/penstock",
            description = "Folder of the distribution (default: ${DEFAULT-VALUE}).")
    private Path home = Path.of("");

    @Option(names = "--serve", description = "One more option of penstock serve; repeatable.")
    private List<String> serve = List.of();

    @Option(
            names = "--work",
            defaultValue = "benchmarks/target",
            description =
                    "Folder for models, data, log and compare.json (default: ${DEFAULT-VALUE}).")
    private Path work = Path.of("");

    private final Map<String, Target> targets = new LinkedHashMap<>();
    private final Map<String, Long> idleBytes = new LinkedHashMap<>();
    private @Nullable Child generator;

    private Compare() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Compare()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<Case> cases = selected();
        Path models = work.resolve("models-" + workload.model()).toAbsolutePath();
        workload.install(models, work.resolve("embedder").resolve("all-minilm-l6-v2-q.onnx"));
        Path log = work.resolve("compare.log").toAbsolutePath();
        try {
            start(cases, models, log);
            for (Case each : cases) {
                warmUp(each);
            }
            for (String server : targets.keySet()) {
                idleBytes.put(server, idle(targets.get(server)));
            }
            Report report = new Report(workload, perSecond, millis, cases);
            for (int concurrency : concurrencies) {
                report.add(concurrency, rounds(cases, concurrency));
                report.printLast(System.out);
            }
            report.write(work.resolve("compare.json"));
            return report.bad() == 0 ? 0 : 1;
        } finally {
            stop();
        }
    }

    private List<Case> selected() {
        List<Case> cases = new ArrayList<>();
        for (Case each : Case.ALL) {
            boolean isNeeded =
                    only.isEmpty()
                            || only.contains(each.name())
                            || Case.ALL.stream()
                                    .anyMatch(c ->
                                            only.contains(c.name())
                                                    && each.name().equals(c.reference()));
            if (isNeeded) {
                cases.add(each);
            }
        }
        if (cases.isEmpty()) {
            throw new IllegalArgumentException("no such case: " + only);
        }
        return cases;
    }

    private void start(List<Case> cases, Path models, Path log)
            throws IOException, InterruptedException {
        Files.deleteIfExists(log);
        generator =
                Child.java(
                        "load generator",
                        LoadGenerator.class,
                        List.of("-Xmx256m", "-XX:+UseSerialGC"),
                        List.of(),
                        log);
        for (Case each : cases) {
            if (!targets.containsKey(each.server())) {
                targets.put(each.server(), start(each.server(), models, log));
            }
        }
    }

    private Target start(String server, Path models, Path log)
            throws IOException, InterruptedException {
        if (!server.equals(Case.PENSTOCK)) {
            return ReferenceTarget.start(server, workload, models, log);
        }
        Path data = Files.createTempDirectory(work.toAbsolutePath(), "data");
        return PenstockTarget.start(home.toAbsolutePath(), workload, models, data, serve, log);
    }

    private void stop() {
        for (Target target : targets.values()) {
            target.close();
        }
        if (generator != null) {
            generator.close();
        }
    }

    /** Loads at two concurrencies in turn: the JIT compiler sees full and nearly empty turns. */
    private void warmUp(Case each) throws IOException, InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(warmUpSeconds).toNanos();
        int widest = concurrencies.getLast();
        for (int i = 0; i < 2 || System.nanoTime() < end; i++) {
            Round round = measure(each, i % 2 == 0 ? widest : 8, 0);
            if (round.bad() > 0) {
                throw new IOException(
                        each.name() + ": " + round.bad() + " bad answers; see compare.log");
            }
        }
    }

    /** What a server allocates in the time of a round without requests, our questions included. */
    private long idle(Target target) throws IOException, InterruptedException {
        long before = target.allocatedBytes();
        TimeUnit.MILLISECONDS.sleep(millis);
        return target.allocatedBytes() - before;
    }

    private Map<String, List<Round>> rounds(List<Case> cases, int concurrency)
            throws IOException, InterruptedException {
        Map<String, List<Round>> all = new LinkedHashMap<>();
        for (Case each : cases) {
            all.put(each.name(), new ArrayList<>());
        }
        for (int round = 0; round < rounds; round++) {
            for (Case each : cases) {
                all.get(each.name()).add(measure(each, concurrency, perSecond));
            }
        }
        return all;
    }

    private Round measure(Case each, int concurrency, double rate)
            throws IOException, InterruptedException {
        Target target = targets.get(each.server());
        if (each.protocol() == null) {
            return measureDirect((ReferenceTarget) target);
        }
        LoadPlan plan =
                new LoadPlan(
                        each.protocol(),
                        workload,
                        target.port(each.protocol()),
                        rate > 0 ? Math.max(concurrency, 64) : concurrency,
                        millis,
                        rate);
        long allocatedBefore = target.allocatedBytes();
        ProcessCpu before = ProcessCpu.of(target.pid());
        LoadResult load = LoadResult.parse(generator.ask(plan.line()));
        ProcessCpu after = ProcessCpu.of(target.pid());
        double allocated =
                target.allocatedBytes()
                        - allocatedBefore
                        - idleBytes.getOrDefault(each.server(), 0L);
        double requests = Math.max(1, load.good() + load.bad());
        return new Round(
                load.good(),
                load.bad() + load.unanswered(),
                load.perSecond(),
                load.p50Nanos() / 1e3,
                load.p99Nanos() / 1e3,
                load.lagP99Nanos() / 1e3,
                after.workSince(before) / 1e3 / requests,
                after.compilerSince(before) / 1e3 / requests,
                allocated / requests);
    }

    private Round measureDirect(ReferenceTarget target) throws IOException {
        long allocatedBefore = target.allocatedBytes();
        long[] runs = target.run(millis);
        double allocated = target.allocatedBytes() - allocatedBefore;
        double micros = runs[1] / 1e3 / runs[0];
        return new Round(
                runs[0],
                0,
                runs[0] * 1e3 / millis,
                micros,
                micros,
                0,
                micros,
                0,
                allocated / runs[0]);
    }
}

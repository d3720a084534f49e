package dev.penstock.bench;

import dev.penstock.bench.workload.Workload;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The rounds of a comparison as a table for people and a file for programs. */
final class Report {
    private final Workload workload;
    private final double perSecond;
    private final long millis;
    private final List<Case> cases;
    private final List<Block> blocks = new ArrayList<>();

    /** All rounds at one concurrency, by case. */
    private record Block(int concurrency, double load, Map<String, List<Round>> rounds) {}

    Report(Workload workload, double perSecond, long millis, List<Case> cases) {
        this.workload = workload;
        this.perSecond = perSecond;
        this.millis = millis;
        this.cases = cases;
    }

    void add(int concurrency, Map<String, List<Round>> rounds) throws IOException {
        blocks.add(new Block(concurrency, Machine.load(), rounds));
    }

    /** Answers that were not good, over all rounds. */
    long bad() {
        long bad = 0;
        for (Block block : blocks) {
            for (List<Round> rounds : block.rounds.values()) {
                for (Round round : rounds) {
                    bad += round.bad();
                }
            }
        }
        return bad;
    }

    void printLast(PrintStream out) throws IOException {
        Block block = blocks.getLast();
        int count = block.rounds.values().iterator().next().size();
        out.printf(
                Locale.ROOT,
                "%n%s, c=%d, %s, %d rounds of %d ms, load %.1f%n%s%n%n",
                workload.model(),
                block.concurrency,
                perSecond > 0 ? "open loop at " + perSecond + "/s" : "closed loop",
                count,
                millis,
                block.load,
                Machine.describe());
        out.printf(
                Locale.ROOT,
                "%-22s %8s %7s %7s  %-20s  %-16s %5s  %-16s  %s%n",
                "",
                "req/s",
                "p50 µs",
                "p99 µs",
                "CPU µs/request",
                "× reference",
                "best",
                "× echo",
                "heap B");
        for (Case each : cases) {
            List<Round> rounds = block.rounds.get(each.name());
            List<Round> reference =
                    each.reference() == null ? null : block.rounds.get(each.reference());
            boolean hasSocket = each.protocol() != null;
            out.printf(
                    Locale.ROOT,
                    "%-22s %8.0f %7s %7s  %-20s  %-16s %5s  %-16s  %.0f%n",
                    each.name(),
                    spread(rounds, Round::perSecond).median(),
                    hasSocket
                            ? String.format(
                                    Locale.ROOT, "%.0f", spread(rounds, Round::p50Micros).median())
                            : "",
                    hasSocket
                            ? String.format(
                                    Locale.ROOT, "%.0f", spread(rounds, Round::p99Micros).median())
                            : "",
                    spread(rounds, Round::cpuMicros).show("%6.1f"),
                    ratio(rounds, reference),
                    best(rounds, reference),
                    ratio(rounds, block.rounds.get(Case.ECHO)),
                    spread(rounds, Round::heapBytes).median());
        }
        out.printf(
                Locale.ROOT,
                "%nthree numbers are min, median, max over the rounds; a ratio is taken within a"
                        + " round;%nbest is the ratio of the two best rounds; the others are"
                        + " medians%n");
        if (bad() > 0) {
            out.printf(Locale.ROOT, "!! %d bad answers%n", bad());
        }
    }

    private static String ratio(List<Round> rounds, @Nullable List<Round> to) {
        if (to == null || to == rounds) {
            return "";
        }
        double[] ratios = new double[rounds.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = rounds.get(i).cpuMicros() / to.get(i).cpuMicros();
        }
        return Spread.of(ratios).show("%.2f");
    }

    private static String best(List<Round> rounds, @Nullable List<Round> to) {
        if (to == null) {
            return "";
        }
        return String.format(
                Locale.ROOT,
                "%.2f",
                spread(rounds, Round::cpuMicros).min() / spread(to, Round::cpuMicros).min());
    }

    private static Spread spread(List<Round> rounds, ToDoubleFunction<Round> value) {
        return Spread.of(rounds.stream().mapToDouble(value).toArray());
    }

    void write(Path file) throws IOException {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("model", workload.model());
        root.put("machine", Machine.describe());
        root.put("rate", perSecond);
        root.put("millis", millis);
        root.put("cases", cases);
        root.put("blocks", blocks);
        JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        Files.writeString(file, mapper.writeValueAsString(root) + "\n");
    }
}

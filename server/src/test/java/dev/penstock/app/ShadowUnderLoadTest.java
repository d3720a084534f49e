package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.control.Change;
import dev.penstock.control.DesiredState;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Shadow;
import dev.penstock.serving.ShadowReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A shadow of all traffic is switched on and off under load, in rounds: at half of what the server
 * can do nearly all pairs are made and callers wait no longer; at all that it can do shadows are
 * shed and callers get as much as before.
 */
@Tag("soak")
@Timeout(900)
final class ShadowUnderLoadTest {
    private static final byte[] MODEL = OnnxModel.mlp(5, 32, 64, 64, 8);
    private static final int CALLERS = 16;

    @Test
    void callersDoNotFeelAShadow(@TempDir Path root) throws Exception {
        Store store = new Store(root.resolve("models"));
        store.publish("m", 1, MODEL);
        store.publish("m", 2, MODEL);
        try (Gateway gateway = new Gateway(config(root))) {
            gateway.start();
            gateway.awaitFirstLook();
            int port = gateway.httpAddress().getPort();
            route(gateway, null);
            long warm = Soak.times(500, 5_000);
            LoadProcess.Seen all = LoadProcess.run(port, CALLERS, 0, warm);
            long perSecond = all.answers() * 2_000 / warm;
            atHalfLoad(gateway, (int) Math.max(perSecond / 2, 10));
            atFullLoad(gateway);
            whatIsNotUnderLoadIsCompared(gateway);
        }
    }

    private void atHalfLoad(Gateway gateway, int rate) throws Exception {
        int rounds = Soak.times(1, 9);
        double[] ratios = new double[rounds];
        long[] before = counts(gateway);
        for (int round = 0; round < rounds; round++) {
            boolean isOnFirst = round % 2 == 0;
            LoadProcess.Seen first = round(gateway, isOnFirst, rate, Soak.times(600, 6_000));
            LoadProcess.Seen second = round(gateway, !isOnFirst, rate, Soak.times(600, 6_000));
            LoadProcess.Seen on = isOnFirst ? first : second;
            LoadProcess.Seen off = isOnFirst ? second : first;
            ratios[round] = (double) on.p99Nanos() / Math.max(off.p99Nanos(), 1);
        }
        long[] after = counts(gateway);
        double made = (double) (after[1] - before[1]) / Math.max(after[0] - before[0], 1);
        System.out.printf(
                "half load %d/s: p99 with shadow over without, median %.3f of %s; pairs made %.1f %% of %d%n",
                rate, median(ratios), Arrays.toString(ratios), 100 * made, after[0] - before[0]);
        System.out.println(shown(gateway));
        assertTrue(after[0] > before[0], "no pair was due");
        if (Soak.IS_ON) {
            assertTrue(made >= 0.9, "pairs made " + made);
            assertTrue(median(ratios) <= 1.25, "median " + median(ratios));
        }
    }

    private void atFullLoad(Gateway gateway) throws Exception {
        int rounds = Soak.times(1, 5);
        double[] ratios = new double[rounds];
        long[] before = counts(gateway);
        for (int round = 0; round < rounds; round++) {
            boolean isOnFirst = round % 2 == 0;
            LoadProcess.Seen first = round(gateway, isOnFirst, 0, Soak.times(600, 6_000));
            LoadProcess.Seen second = round(gateway, !isOnFirst, 0, Soak.times(600, 6_000));
            LoadProcess.Seen on = isOnFirst ? first : second;
            LoadProcess.Seen off = isOnFirst ? second : first;
            ratios[round] = (double) on.answers() / Math.max(off.answers(), 1);
        }
        long[] after = counts(gateway);
        System.out.printf(
                "full load: answers with shadow over without, median %.3f of %s; pairs made %d of %d%n",
                median(ratios),
                Arrays.toString(ratios),
                after[1] - before[1],
                after[0] - before[0]);
        System.out.println(shown(gateway));
        if (Soak.IS_ON) {
            assertTrue(after[0] - before[0] > after[1] - before[1], "nothing was shed");
            assertTrue(median(ratios) >= 0.95, "median " + median(ratios));
        }
    }

    private LoadProcess.Seen round(Gateway gateway, boolean isOn, int rate, long millis)
            throws Exception {
        route(gateway, isOn ? new Shadow(2, 1) : null);
        int port = gateway.httpAddress().getPort();
        LoadProcess.Seen seen = LoadProcess.run(port, CALLERS, rate, millis);
        assertEquals(0, seen.errors());
        assertTrue(seen.answers() > 0, "no answers");
        return seen;
    }

    private void whatIsNotUnderLoadIsCompared(Gateway gateway) throws Exception {
        route(gateway, new Shadow(2, 1));
        long[] before = counts(gateway);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        try (HttpCaller caller = new HttpCaller(gateway.httpAddress().getPort())) {
            while (counts(gateway)[1] == before[1]) {
                assertTrue(System.nanoTime() < until, () -> "never compared: " + shown(gateway));
                assertEquals(200, caller.inferBinary("/v2/models/m/infer", new float[32]).status());
            }
        }
        ShadowReport report = gateway.afterAnswer().reports().getFirst();
        long shed = report.shed().values().stream().mapToLong(Long::longValue).sum();
        assertEquals(shed, report.pairs().get(ShadowVerdict.SHED));
        // Both versions are the same model, so whatever was compared is equal.
        long compared = report.due() - shed - report.pairs().get(ShadowVerdict.TIMEOUT);
        assertEquals(compared, report.pairs().get(ShadowVerdict.EQUAL), () -> shown(gateway));
        assertEquals(0, report.shed().get(ShedReason.NOT_READY));
    }

    private static String shown(Gateway gateway) {
        return gateway.afterAnswer().reports().stream()
                .map(r -> "pairs " + r.pairs() + ", shed " + r.shed())
                .toList()
                .toString();
    }

    /** How many pairs were due so far, and how many were made. */
    private static long[] counts(Gateway gateway) {
        List<ShadowReport> reports = gateway.afterAnswer().reports();
        if (reports.isEmpty()) {
            return new long[2];
        }
        ShadowReport report = reports.getFirst();
        return new long[] {report.due(), report.due() - report.pairs().get(ShadowVerdict.SHED)};
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static void route(Gateway gateway, @Nullable Shadow shadow) throws Exception {
        DesiredState state = gateway.wanted().read();
        Route route =
                new Route(
                        List.of(new Arm("stable", 1, Role.STABLE, Arm.ALL_BP)),
                        new RoutingKey.Prediction(),
                        List.of(),
                        shadow,
                        "load");
        Change change = new Change(Instant.EPOCH, "test", "rounds");
        long revision =
                gateway.wanted()
                        .compareAndSet(
                                state.revision(),
                                Map.of("m", state.model("m").withRoute(route, change)));
        gateway.reconciler().awaitServed(revision, Duration.ofSeconds(10));
    }

    private static GatewayConfig config(Path root) {
        return Gateways.config(
                "--models",
                root.resolve("models").toString(),
                "--data",
                root.resolve("data").toString(),
                "--poll",
                "100ms",
                "--execution",
                "m=turn");
    }
}

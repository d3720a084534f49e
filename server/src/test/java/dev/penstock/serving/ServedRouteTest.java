package dev.penstock.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.penstock.RecordingReply;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.routing.Shadow;
import dev.penstock.runtime.Deadline;
import dev.penstock.statistics.HashPosition;
import dev.penstock.tensor.TensorSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ServedRouteTest {
    private static final int REQUESTS = 100_000;
    private static final String SALT = "fraud-2";
    private static final ExchangeObserver NOBODY =
            new ExchangeObserver() {
                @Override
                public void answered(Exchange exchange, Outcome outcome) {}

                @Override
                public void completed(Exchange exchange) {}
            };

    private final SplittableRandom random = new SplittableRandom(7);
    private final Map<Long, LiveVersion> ready = new HashMap<>();

    ServedRouteTest() {
        for (long number = 1; number <= 4; number++) {
            live(number);
        }
    }

    private void live(long number) {
        VersionInfo info =
                new VersionInfo(
                        new VersionId("fraud", number),
                        new Signature(List.of(), List.of(), 0),
                        "0".repeat(64));
        // Nothing here runs, so nothing schedules.
        ready.put(number, new LiveVersion(info, null));
    }

    private static Arm arm(String name, long version, int weightBp) {
        Role role = name.equals("stable") ? Role.STABLE : Role.CANARY;
        return new Arm(name, version, role, weightBp);
    }

    private ServedRoute served(RoutingKey key, List<Rule> rules, Shadow shadow, Arm... arms) {
        return new ServedRoute(new Route(List.of(arms), key, rules, shadow, SALT), 7, ready);
    }

    private Exchange exchange(CallFacts facts) {
        InferRequest request =
                new InferRequest(
                        null,
                        new ModelRef("fraud", ModelRef.ANY),
                        TensorSet.of(List.of(), () -> {}),
                        List.of(),
                        Deadline.NEVER,
                        null,
                        facts);
        PredictionId id = PredictionId.next(() -> java.time.Instant.EPOCH, random::nextLong);
        return new Exchange(id, request, new RecordingReply(), NOBODY, 0);
    }

    private static CallFacts user(String user) {
        return new CallFacts(null, Map.of("x-user-id", user), Map.of());
    }

    private static long version(ServedRoute.Way way) {
        assertNotNull(way);
        return way.version().info().id().number();
    }

    @Test
    void observedSharesAreTheWeights() {
        ServedRoute route =
                served(
                        RoutingKey.PREDICTION,
                        List.of(),
                        null,
                        arm("stable", 1, 7_000),
                        arm("a", 2, 1_000),
                        arm("b", 3, 2_000));
        int[] counts = new int[5];
        for (int i = 0; i < REQUESTS; i++) {
            counts[(int) version(route.choose(exchange(CallFacts.NONE)))]++;
        }
        // One percent of all requests each way; the standard deviation is at most 0.15 percent.
        assertEquals(70_000, counts[1], 1_000);
        assertEquals(10_000, counts[2], 1_000);
        assertEquals(20_000, counts[3], 1_000);
    }

    @Test
    void aKeyMeetsItsArmEveryTimeAndIsStamped() {
        ServedRoute route =
                served(
                        new RoutingKey.Header("x-user-id"),
                        List.of(),
                        null,
                        arm("stable", 1, 5_708),
                        arm("canary", 2, 4_292));
        // Position of user-17 is 0.42927: in the 43rd percent, above 42.92 and below 42.93.
        Exchange exchange = exchange(user("user-17"));
        ServedRoute.Way way = route.choose(exchange);
        assertEquals(1, version(way));
        assertEquals("r7; arm=stable", way.decision().header());
        assertEquals(1_933_296_065_628_118L, exchange.position());
        ServedRoute grown =
                served(
                        new RoutingKey.Header("x-user-id"),
                        List.of(),
                        null,
                        arm("stable", 1, 5_707),
                        arm("canary", 2, 4_293));
        for (int i = 0; i < 10; i++) {
            assertEquals(2, version(grown.choose(exchange(user("user-17")))));
        }
    }

    @Test
    void aMissingKeyIsRoutedByThePredictionAlone() {
        ServedRoute route =
                served(
                        new RoutingKey.Header("x-user-id"),
                        List.of(),
                        null,
                        arm("stable", 1, 5_000),
                        arm("canary", 2, 5_000));
        int canaries = 0;
        for (int i = 0; i < 1_000; i++) {
            Exchange exchange = exchange(i % 2 == 0 ? CallFacts.NONE : user(""));
            canaries += version(route.choose(exchange)) == 2 ? 1 : 0;
            assertEquals(HashPosition.of(SALT, exchange.id().toString()), exchange.position());
        }
        assertEquals(500, canaries, 100);
    }

    @Test
    void theFirstRuleThatMatchesDecidesBeforeAnyShare() {
        List<Rule> rules =
                List.of(
                        new Rule(Rule.On.HEADER, "x-beta", "1", "canary", 0),
                        new Rule(Rule.On.PARAMETER, "tier", "gold", null, 4),
                        new Rule(Rule.On.HEADER, "x-beta", "1", null, 3));
        ServedRoute route =
                served(
                        RoutingKey.PREDICTION,
                        rules,
                        null,
                        arm("stable", 1, 10_000),
                        arm("canary", 2, 0));
        ServedRoute.Way beta =
                route.choose(exchange(new CallFacts(null, Map.of("x-beta", "1"), Map.of())));
        assertEquals(2, version(beta));
        assertEquals("r7; arm=canary", beta.decision().header());
        assertEquals(0, beta.decision().rule());
        Exchange gold = exchange(new CallFacts(null, Map.of(), Map.of("tier", "gold")));
        ServedRoute.Way pinned = route.choose(gold);
        assertEquals(4, version(pinned));
        assertEquals("r7; arm=pinned", pinned.decision().header());
        assertEquals(1, pinned.decision().rule());
        assertEquals(RouteDecision.NO_POSITION, gold.position());
        ServedRoute.Way other =
                route.choose(exchange(new CallFacts(null, Map.of("x-beta", "01"), Map.of())));
        assertEquals(1, version(other));
    }

    @Test
    void whoCallsMayBeTheKey() {
        ServedRoute route =
                served(
                        RoutingKey.CALLER,
                        List.of(),
                        null,
                        arm("stable", 1, 5_000),
                        arm("canary", 2, 5_000));
        Exchange exchange = exchange(new CallFacts("user-17", Map.of(), Map.of()));
        route.choose(exchange);
        assertEquals(1_933_296_065_628_118L, exchange.position());
    }

    @Test
    void stableStandsInForAnArmThatIsNotReadyAndNoOtherKeyMoves() {
        Arm[] arms = {arm("stable", 1, 5_000), arm("a", 2, 2_000), arm("b", 3, 3_000)};
        RoutingKey key = new RoutingKey.Header("x-user-id");
        ServedRoute whole = served(key, List.of(), null, arms);
        ready.remove(2L);
        ServedRoute without = served(key, List.of(), null, arms);
        for (int i = 0; i < 10_000; i++) {
            long before = version(whole.choose(exchange(user("u" + i))));
            ServedRoute.Way after = without.choose(exchange(user("u" + i)));
            assertEquals(before == 2 ? 1 : before, version(after));
            assertEquals(before == 3 ? "b" : "stable", after.decision().arm());
        }
    }

    @Test
    void theLargestArmStandsInForStable() {
        ready.remove(1L);
        ServedRoute route =
                served(
                        RoutingKey.PREDICTION,
                        List.of(),
                        null,
                        arm("stable", 1, 5_000),
                        arm("a", 2, 2_000),
                        arm("b", 3, 3_000));
        int[] counts = new int[5];
        for (int i = 0; i < 10_000; i++) {
            counts[(int) version(route.choose(exchange(CallFacts.NONE)))]++;
        }
        assertEquals(2_000, counts[2], 200);
        assertEquals(8_000, counts[3], 200);
    }

    @Test
    void nothingReadyIsNoWay() {
        ready.clear();
        ServedRoute route =
                served(RoutingKey.PREDICTION, List.of(), null, arm("stable", 1, 10_000));
        assertNull(route.choose(exchange(CallFacts.NONE)));
    }

    @Test
    void aShadowIsDueForItsFractionOfPredictionsByTheirIds() {
        ServedRoute route =
                served(
                        RoutingKey.PREDICTION,
                        List.of(),
                        new Shadow(3, 0.25),
                        arm("stable", 1, 10_000));
        int due = 0;
        for (int i = 0; i < REQUESTS; i++) {
            Exchange exchange = exchange(CallFacts.NONE);
            boolean isDue = route.choose(exchange).decision().shadow().takes(exchange.id());
            long position = HashPosition.of("shd:" + SALT, exchange.id().toString());
            assertEquals(position < HashPosition.COUNT / 4, isDue);
            due += isDue ? 1 : 0;
        }
        assertEquals(25_000, due, 1_000);
    }

    @Test
    void namesToKeepAreThoseThatRoutesLookAt() {
        Route first =
                new Route(
                        List.of(arm("stable", 1, 10_000)),
                        new RoutingKey.Header("x-user-id"),
                        List.of(new Rule(Rule.On.PARAMETER, "tier", "gold", "stable", 0)),
                        null,
                        SALT);
        Route second =
                new Route(
                        List.of(arm("stable", 1, 10_000)),
                        RoutingKey.CALLER,
                        List.of(new Rule(Rule.On.HEADER, "x-beta", "1", "stable", 0)),
                        null,
                        SALT);
        assertEquals(
                new RoutingNames(List.of("x-beta", "x-user-id"), List.of("tier")),
                RoutingNames.of(List.of(first, second)));
    }
}

package dev.penstock.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.statistics.HashPosition;
import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTest {
    private static final int KEYS = 20_000;

    private static Arm stable(int weightBp) {
        return new Arm("stable", 1, Role.STABLE, weightBp);
    }

    private static Arm canary(String name, long version, int weightBp) {
        return new Arm(name, version, Role.CANARY, weightBp);
    }

    private static Route route(String salt, Arm... arms) {
        return new Route(List.of(arms), RoutingKey.PREDICTION, List.of(), null, salt);
    }

    @Test
    void theDefaultSaltOfALongNameIsASalt() {
        // The longest name and the largest revision of a state file, in 128 characters.
        String name = "m".repeat(127);
        String salt = Route.defaultSalt(name + "a", 999_999_999_999_999_999L);
        assertEquals(1, route(salt, stable(10_000)).arms().size());
        assertNotEquals(salt, Route.defaultSalt(name + "b", 999_999_999_999_999_999L));
        assertEquals("fraud-7", Route.defaultSalt("fraud", 7));
    }

    @Test
    void aSaltThatNoStateFileTakesIsRefused() {
        for (String salt : List.of("", "a".repeat(129), "a b", "é")) {
            assertThrows(IllegalArgumentException.class, () -> route(salt, stable(10_000)), salt);
        }
    }

    // -(-c * 2**52 // 10000) in Python: the smallest u with not u * 10000 < c * 2**52.
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 450359962738",
        "500, 225179981368525",
        "3333, 1501049755802587",
        "9999, 4503149267407759",
        "10000, 4503599627370496"
    })
    void thresholdsAreExact(int cumulativeBp, long expected) {
        assertEquals(expected, Route.threshold(cumulativeBp));
    }

    @Test
    void aThresholdIsWhereTheIntegersOfTheFormulaCross() {
        BigInteger all = BigInteger.valueOf(HashPosition.COUNT);
        for (int bp = 1; bp <= Arm.ALL_BP; bp++) {
            long at = Route.threshold(bp);
            BigInteger limit = all.multiply(BigInteger.valueOf(bp));
            BigInteger below = BigInteger.valueOf((at - 1) * Arm.ALL_BP);
            BigInteger not = BigInteger.valueOf(at).multiply(BigInteger.valueOf(Arm.ALL_BP));
            assertEquals(-1, below.compareTo(limit), bp + " below");
            assertEquals(true, not.compareTo(limit) >= 0, bp + " not below");
        }
    }

    // Counts by Python: sum(u("ramp-1", "user-%d" % i) * 10000 < w * 2**52 for i in range(20000)).
    @ParameterizedTest
    @CsvSource({"100, 197", "500, 987", "2500, 5057", "5000, 9990", "10000, 20000"})
    void theSameKeysAreCanaryAsInAnotherLanguage(int weightBp, int expected) {
        Route route = route("ramp-1", stable(Arm.ALL_BP - weightBp), canary("canary", 2, weightBp));
        int canaries = 0;
        for (int i = 0; i < KEYS; i++) {
            long position = HashPosition.of("ramp-1", "user-" + i);
            canaries += route.armAt(position).version() == 2 ? 1 : 0;
        }
        assertEquals(expected, canaries);
    }

    @Test
    void aRampMovesNoKeyBack() {
        int moves = 0;
        for (int i = 0; i < KEYS; i++) {
            long position = HashPosition.of("ramp-1", "user-" + i);
            boolean wasCanary = false;
            for (int weightBp : new int[] {100, 500, 2_500, 5_000, 10_000}) {
                Route route =
                        route(
                                "ramp-1",
                                stable(Arm.ALL_BP - weightBp),
                                canary("canary", 2, weightBp));
                boolean isCanary = route.armAt(position).version() == 2;
                moves += wasCanary && !isCanary ? 1 : 0;
                wasCanary = isCanary;
            }
        }
        assertEquals(0, moves);
    }

    @Test
    void severalArmsTakeStretchesInTheirOrderAndStableTheRest() {
        Route route = route("share-1", canary("a", 2, 1_000), stable(6_500), canary("b", 3, 2_500));
        int[] counts = new int[4];
        for (int i = 0; i < 100_000; i++) {
            counts[(int) route.armAt(HashPosition.of("share-1", "user-" + i)).version()]++;
        }
        // Counted by Python over the same keys: u * 10000 below 1000 and below 3500 times 2**52.
        assertEquals(10_060, counts[2]);
        assertEquals(24_908, counts[3]);
        assertEquals(100_000 - 10_060 - 24_908, counts[1]);
    }

    @Test
    void growingTheLastArmMovesNoKeyOfAnother() {
        Route before = route("s", stable(8_000), canary("a", 2, 1_000), canary("b", 3, 1_000));
        Route after = route("s", stable(6_000), canary("a", 2, 1_000), canary("b", 3, 3_000));
        for (int i = 0; i < KEYS; i++) {
            long position = HashPosition.of("s", "user-" + i);
            String was = before.armAt(position).name();
            String is = after.armAt(position).name();
            if (!was.equals(is)) {
                assertEquals("stable to b", was + " to " + is);
            }
        }
    }

    @Test
    void aRouteNamesTheVersionsOfItsArmsRulesAndShadow() {
        Rule rule = new Rule(Rule.On.HEADER, "x-beta", "1", null, 7);
        Route route =
                new Route(
                        List.of(stable(9_000), canary("canary", 2, 1_000)),
                        RoutingKey.CALLER,
                        List.of(rule),
                        new Shadow(9, 0.5),
                        "s");
        assertEquals(Set.of(1L, 2L, 7L, 9L), route.versions());
    }

    @Test
    void halfOfAllPositionsIsTheThresholdOfOneHalf() {
        assertEquals(1L << 51, new Shadow(1, 0.5).threshold());
        assertEquals(1L << 52, new Shadow(1, 1.0).threshold());
    }

    @Test
    void whatDoesNotAddUpIsNoRoute() {
        assertThrows(IllegalArgumentException.class, () -> route("s", stable(9_999)));
        assertThrows(
                IllegalArgumentException.class, () -> route("s", stable(5_000), stable(5_000)));
        assertThrows(IllegalArgumentException.class, () -> route("s", canary("canary", 1, 10_000)));
        assertThrows(IllegalArgumentException.class, () -> canary("pinned", 1, 10));
        assertThrows(IllegalArgumentException.class, () -> new Shadow(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Shadow(1, Double.NaN));
    }
}

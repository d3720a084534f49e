package dev.penstock.lineage;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.PredictionId;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.ModelSampler.Verdict;
import dev.penstock.statistics.HashPosition;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SamplingTest {
    private static final byte[] SALT = HashPosition.prefix("smp:1");
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final int HEAD = KeepReason.HEAD.bit();

    private static ModelSampler sampler(double sample) {
        return new ModelSampler("fraud", LineageFixture.settings(sample, Payload.HASH), 0);
    }

    @Test
    void thePositionIsTheOneThatAnyoneComputes() {
        // int(hashlib.sha256(b"smp:1|" + rid).hexdigest()[:13], 16)
        PredictionId id =
                requireNonNull(PredictionId.parse("0192f1c3-7f6a-7abc-8def-0123456789ab"));
        assertEquals(1_422_527_369_611_707L, id.position(SALT));
        assertEquals(2_502_100_811_342_352L, LineageFixture.id(1).position(SALT));
    }

    @Test
    void theShareOfEverythingIsWhoseUIsBelowTheRate() {
        ModelSampler sampler = sampler(0.02);
        int kept = 0;
        for (int n = 0; n < 2000; n++) {
            if (sampler.decide(HEAD, LineageFixture.id(n).position(SALT)) != null) {
                kept++;
            }
        }
        // The same loop in Python finds 37, the first of them 41, 77, 188, 229, 239.
        assertEquals(37, kept);
        for (int n : new int[] {41, 77, 188, 229, 239}) {
            Verdict verdict = sampler.decide(HEAD, LineageFixture.id(n).position(SALT));
            assertEquals(0.02, requireNonNull(verdict).share().rate());
        }
        assertNull(sampler.decide(HEAD, LineageFixture.id(42).position(SALT)));
    }

    @Test
    void aRateIsComparedExactly() {
        assertEquals(HashPosition.COUNT, Share.ALL.below());
        assertEquals(0, Share.NONE.below());
        // 2^-52 takes position 0 alone; anything more than that takes position 1 as well.
        assertTrue(Share.of(0x1p-52).takes(0));
        assertFalse(Share.of(0x1p-52).takes(1));
        assertTrue(Share.of(Math.nextUp(0x1p-52)).takes(1));
    }

    @Test
    void whyNamesTheClassesThatKeepItAndPIsTheLargestOfAll() {
        ModelSampler sampler = sampler(0.02);
        int in = HEAD | KeepReason.ERROR.bit() | KeepReason.CANARY.bit();
        // 0.05: above the head's 0.02, below the canary's 4 x 0.02 and the error's 1.
        long position = (long) (0.05 * HashPosition.COUNT);
        Verdict verdict = requireNonNull(sampler.decide(in, position));
        assertEquals(KeepReason.ERROR.bit() | KeepReason.CANARY.bit(), verdict.why());
        assertEquals(1, verdict.share().rate());
        assertNull(sampler.decide(HEAD | KeepReason.CANARY.bit(), HashPosition.COUNT / 10));
    }

    @Test
    void aClassAboveItsCapIsThinnedByTheSamePosition() {
        ModelSampler sampler = sampler(0);
        SplittableRandom random = new SplittableRandom(7);
        int in = HEAD | KeepReason.ERROR.bit();
        long now = 0;
        long kept = 0;
        double weights = 0;
        for (int second = 0; second < 60; second++) {
            for (int i = 0; i < 1000; i++) {
                Verdict verdict = sampler.decide(in, random.nextLong(HashPosition.COUNT));
                if (verdict != null && second >= 20) {
                    kept++;
                    weights += 1 / verdict.share().rate();
                }
            }
            now += SECOND;
            sampler.turn(now, 1000L * (second + 1));
        }
        // 50 a second of 1000, for 40 seconds, within four standard deviations of sqrt(2000).
        assertEquals(2000.0, (double) kept, 180);
        assertEquals(0.05, sampler.share(KeepReason.ERROR).rate(), 1e-9);
        assertEquals(40_000, weights, 40_000 * 0.09);
    }

    @Test
    void aClassUnderItsCapIsKeptWhollyAgain() {
        ModelSampler sampler = sampler(0);
        for (int i = 0; i < 100_000; i++) {
            var _ = sampler.decide(KeepReason.ERROR.bit(), 0);
        }
        sampler.turn(SECOND, 100_000);
        assertTrue(sampler.share(KeepReason.ERROR).rate() < 0.001);
        for (int second = 2; second <= 12; second++) {
            sampler.turn(second * SECOND, 100_000);
        }
        assertEquals(1, sampler.share(KeepReason.ERROR).rate());
    }

    @Test
    void slowIsAtMostOneInAHundredOfTheTraffic() {
        ModelSampler sampler = sampler(0);
        for (int second = 1; second <= 20; second++) {
            for (int i = 0; i < 100; i++) {
                var _ = sampler.decide(KeepReason.SLOW.bit(), 0);
            }
            sampler.turn(second * SECOND, 1000L * second);
        }
        // 1 % of 1000 a second, of which 100 are slow.
        assertEquals(0.1, sampler.share(KeepReason.SLOW).rate(), 1e-9);
    }

    @Test
    void weightsUndoWhatIsKeptMoreOften() {
        ModelSampler sampler = sampler(0.02);
        SplittableRandom random = new SplittableRandom(20_260_101);
        double truth = 0;
        double weighted = 0;
        double weights = 0;
        double plain = 0;
        long kept = 0;
        int count = 200_000;
        for (int n = 0; n < count; n++) {
            boolean isSlow = random.nextInt(100) == 0;
            double millis = isSlow ? 50 + 50 * random.nextDouble() : 1 + random.nextDouble();
            truth += millis;
            int in = isSlow ? HEAD | KeepReason.SLOW.bit() : HEAD;
            Verdict verdict = sampler.decide(in, LineageFixture.id(n).position(SALT));
            if (verdict != null) {
                double weight = 1 / verdict.share().rate();
                weighted += weight * millis;
                weights += weight;
                plain += millis;
                kept++;
            }
        }
        truth /= count;
        assertEquals(truth, weighted / weights, 0.02 * truth);
        assertTrue(
                plain / (double) kept > 5 * truth, "plain mean " + plain / kept + " of " + truth);
        assertEquals(count, weights, 0.04 * count);
    }

    @Test
    void otherSharesAreInForceAtOnce() {
        ModelSampler sampler = sampler(0.02);
        long position = HashPosition.COUNT / 2;
        assertNull(sampler.decide(HEAD, position));
        sampler.follow(LineageFixture.settings(1, Payload.HASH));
        assertNotNull(sampler.decide(HEAD, position));
        assertEquals(1, sampler.share(KeepReason.CANARY).rate());
    }

    @Test
    void theBudgetLowersTheShareAndRaisesItAgain() {
        ModelSampler sampler = sampler(1);
        ByteBudget budget = sampler.budget();
        long budgetBytes = 256 << 10;
        long now = 0;
        for (int i = 0; i < 10; i++) {
            // Twice the budget, all of it of the share of everything.
            budget.spend(20 * budgetBytes, true, true);
            now += 10 * SECOND;
            sampler.turn(now, 0);
            double rate = sampler.headRate();
            // 0.8 x budget / (2 x budget) of what it was.
            assertEquals(Math.max(0.0001, Math.pow(0.4, i + 1)), rate, 1e-9);
            assertEquals(Math.min(1, 4 * 1) * rate, sampler.share(KeepReason.CANARY).rate(), 1e-9);
        }
        now += 10 * SECOND;
        sampler.turn(now, 0);
        assertEquals(1, sampler.headRate());
    }

    @Test
    void anEmptyBucketFirstCostsValuesThenRecords() {
        ByteBudget budget = new ByteBudget(1000, 0);
        assertGrants("WHOLE WHOLE", budget, 0);
        budget.spend(10_000, true, true);
        assertGrants("DIGESTS WHOLE", budget, 0);
        budget.spend(2_500, true, true);
        assertGrants("NOTHING WHOLE", budget, 0);
        budget.spend(2_500, false, true);
        assertGrants("NOTHING DIGESTS", budget, 0);
        budget.spend(5_000, false, false);
        assertGrants("NOTHING NOTHING", budget, 0);
        // 10,000 of debt, at 1000 a second.
        assertGrants("DIGESTS WHOLE", budget, 10 * SECOND);
        assertGrants("WHOLE WHOLE", budget, 10 * SECOND + SECOND / 100);
        // It holds ten seconds and no more.
        budget.spend(9_999, true, true);
        assertGrants("WHOLE WHOLE", budget, 10_000 * SECOND);
        budget.spend(10_000, true, true);
        assertGrants("DIGESTS WHOLE", budget, 10_000 * SECOND);
    }

    private static void assertGrants(String headThenRest, ByteBudget budget, long now) {
        String granted = budget.grant(true, 0, now) + " " + budget.grant(false, 0, now);
        assertEquals(headThenRest, granted);
    }

    @Test
    void valuesThatDoNotFitTheBucketAreLeftOut() {
        ByteBudget budget = new ByteBudget(1000, 0);
        assertEquals(ByteBudget.Grant.WHOLE, budget.grant(true, 10_000, 0));
        assertEquals(ByteBudget.Grant.DIGESTS, budget.grant(true, 10_001, 0));
        assertEquals(ByteBudget.Grant.WHOLE, budget.grant(false, 14_999, 0));
        assertEquals(ByteBudget.Grant.DIGESTS, budget.grant(false, 15_000, 0));
    }

    @Test
    void aMinuteIsSlowAboveTheNinetyNinthOfTheLast() {
        LatencyHistogram latencies = new LatencyHistogram();
        for (int i = 1; i <= 1000; i++) {
            assertFalse(latencies.record(i * 1000L));
        }
        latencies.turn();
        // The 99th percentile is 990,000 ns; buckets are a sixteenth wide at most.
        assertTrue(latencies.slowNanos() >= 990_000, "" + latencies.slowNanos());
        assertTrue(latencies.slowNanos() <= 990_000 * 17 / 16, "" + latencies.slowNanos());
        assertFalse(latencies.record(990_000));
        assertTrue(latencies.record(1_100_000));
        latencies.turn();
        assertFalse(latencies.record(Long.MAX_VALUE), "two are too few to tell");
    }

    @Test
    void everyDurationHasABucketThatHoldsIt() {
        for (int power = 0; power < 63; power++) {
            for (long nanos : new long[] {(1L << power) - 1, 1L << power, (1L << power) + 1}) {
                int bucket = LatencyHistogram.bucket(nanos);
                assertTrue(LatencyHistogram.upperBound(bucket) >= nanos);
                assertTrue(bucket == 0 || LatencyHistogram.upperBound(bucket - 1) < nanos);
            }
        }
    }
}

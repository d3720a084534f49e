package dev.penstock.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class PredictionIdTest {
    @Test
    void matchesTheExampleOfTheStandard() {
        // RFC 9562, appendix A.6: 2022-02-22T19:22:22.00Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
        InstantSource clock = InstantSource.fixed(Instant.ofEpochMilli(0x017F22E279B0L));
        long[] random = {0xCC3L << 52, 0x18C4DC0C0C07398FL << 2};
        int[] next = {0};
        PredictionId id = PredictionId.next(clock, () -> random[next[0]++]);
        assertEquals("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", id.toString());
    }

    @Test
    void isAUuidOfVersionSeven() {
        PredictionId id =
                PredictionId.next(InstantSource.system(), new java.util.Random(7)::nextLong);
        UUID uuid = UUID.fromString(id.toString());
        assertEquals(7, uuid.version());
        assertEquals(2, uuid.variant());
        assertEquals(uuid.toString(), id.toString());
    }

    @Test
    void sortsByTime() {
        PredictionId early =
                PredictionId.next(InstantSource.fixed(Instant.ofEpochMilli(1000)), () -> -1);
        PredictionId late =
                PredictionId.next(InstantSource.fixed(Instant.ofEpochMilli(1001)), () -> 0);
        assertTrue(early.toString().compareTo(late.toString()) < 0);
    }
}

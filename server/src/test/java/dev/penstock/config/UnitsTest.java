package dev.penstock.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How sizes, times, shares and addresses are written. */
final class UnitsTest {
    private static String refusal(Runnable parse) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, parse::run).getMessage());
    }

    @Test
    void sizesAreReadAndWrittenWithTheLargestWholeUnit() {
        // Powers of 1024.
        Map.of(
                        "0B", 0L,
                        "1023B", 1_023L,
                        "1KiB", 1_024L,
                        "64MiB", 67_108_864L,
                        "3GiB", 3_221_225_472L,
                        "2TiB", 2_199_023_255_552L)
                .forEach((text, bytes) -> {
                    assertEquals(bytes, DataSize.parse(text).bytes(), text);
                    assertEquals(text, new DataSize(bytes).toString());
                });
        assertEquals("1MiB", DataSize.parse("1024KiB").toString());
        assertEquals("1025B", new DataSize(1_025).toString());
    }

    @Test
    void aSizeThatIsNearlyOneIsToldHowToWriteIt() {
        assertTrue(refusal(() -> DataSize.parse("64")).endsWith("Write 64MiB or 64KiB"));
        assertTrue(refusal(() -> DataSize.parse("64MB")).endsWith("Write 64MiB"));
        assertTrue(refusal(() -> DataSize.parse("64m")).endsWith("Write 64MiB"));
        assertTrue(refusal(() -> DataSize.parse("64 mib")).endsWith("Write 64MiB"));
        assertTrue(refusal(() -> DataSize.parse("12b")).endsWith("Write 12B"));
        for (String bad : List.of("", "MiB", "-1MiB", "1.5GiB", "１MiB", "0x10B", "1PiB")) {
            refusal(() -> DataSize.parse(bad));
        }
        // 8388608 TiB are 2^63 bytes, one more than a long holds.
        assertEquals(
                "8388608TiB is more than can be counted",
                refusal(() -> DataSize.parse("8388608TiB")));
        assertEquals(8_388_607L << 40, DataSize.parse("8388607TiB").bytes());
    }

    @Test
    void durationsAreReadAndWrittenWithTheLargestWholeUnit() {
        Map.of(
                        "0s", Duration.ZERO,
                        "500us", Duration.ofNanos(500_000),
                        "250ms", Duration.ofMillis(250),
                        "75s", Duration.ofSeconds(75),
                        "90m", Duration.ofMinutes(90),
                        "12h", Duration.ofHours(12),
                        "400d", Duration.ofDays(400))
                .forEach((text, duration) -> {
                    assertEquals(duration, DurationText.parse(text), text);
                    assertEquals(text, DurationText.of(duration));
                });
        assertEquals("1m", DurationText.of(DurationText.parse("60s")));
        assertEquals("1500ms", DurationText.of(Duration.ofMillis(1_500)));
        assertEquals(Duration.ofDays(999_999_999), DurationText.parse("999999999d"));
        for (String bad : List.of("", "s", "-5s", "5 s", "1.5s", "5S", "1w", "10000000000s")) {
            refusal(() -> DurationText.parse(bad));
        }
    }

    @Test
    void aFractionIsBetweenNoughtAndOneAndAPercentageIsGuessed() {
        assertEquals(0.02, Fraction.parse("0.02").value());
        assertEquals(0, Fraction.parse("0").value());
        assertEquals(1, Fraction.parse("1").value());
        assertEquals(1, Fraction.parse("1.0").value());
        assertEquals(0.001, Fraction.parse("1e-3").value());
        assertEquals("0.02", new Fraction(0.02).toString());
        assertEquals("0", new Fraction(0).toString());
        assertEquals("0.0000001", new Fraction(1e-7).toString());
        assertTrue(refusal(() -> Fraction.parse("2")).endsWith("For 2 percent write 0.02"));
        assertTrue(refusal(() -> Fraction.parse("50")).endsWith("For 50 percent write 0.5"));
        assertTrue(refusal(() -> Fraction.parse("2.5%")).endsWith("For 2.5 percent write 0.025"));
        assertEquals("1000 is not between 0 and 1", refusal(() -> Fraction.parse("1000")));
        for (String bad :
                List.of("", ".", "-", "e5", "-0.1", "NaN", "Infinity", "1,5", "0x1", "1e999")) {
            refusal(() -> Fraction.parse(bad));
        }
        assertThrows(IllegalArgumentException.class, () -> new Fraction(Double.NaN));
    }

    @Test
    void addressesAreReadWithoutLookingThemUp() {
        assertEquals(new ListenAddress("0.0.0.0", 8000), ListenAddress.parse("0.0.0.0:8000"));
        assertEquals(new ListenAddress("0.0.0.0", 8000), ListenAddress.parse(":8000"));
        assertEquals("[::1]:0", ListenAddress.parse("[::1]:0").toString());
        assertEquals("no-such-host.invalid", ListenAddress.parse("no-such-host.invalid:1").host());
        for (String bad :
                List.of(
                        "",
                        "8000",
                        "a:",
                        "a:b",
                        "a:-1",
                        "::1:80",
                        "http://a:80",
                        "a b:1",
                        "a:65536",
                        "[a:80",
                        "a:123456")) {
            refusal(() -> ListenAddress.parse(bad));
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> new ListenAddress("no such host", 1).resolve());
    }

    @Test
    void loopbackIsKnownByItsSpellingAlone() {
        for (String host : List.of("127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST")) {
            assertTrue(new ListenAddress(host, 1).isLoopback(), host);
        }
        for (String host : List.of("0.0.0.0", "::", "10.0.0.1", "localhost.example", "example")) {
            assertFalse(new ListenAddress(host, 1).isLoopback(), host);
        }
    }
}

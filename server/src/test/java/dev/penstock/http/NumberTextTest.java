package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.runtime.ShortestDecimal;
import dev.penstock.runtime.TextBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The JDK's own conversions are the reference for both directions. */
class NumberTextTest {
    private static final long SEED = 20261124;
    private static final int ROUNDS = 1_000_000;

    private final ShortestDecimal writer = new ShortestDecimal();
    private final NumberReader reader = new NumberReader();
    private final TextBuffer out = new TextBuffer();

    private String written(float value) {
        out.clear();
        writer.put(value, out);
        return new String(out.bytes(), 0, out.size(), StandardCharsets.US_ASCII);
    }

    private String written(double value) {
        out.clear();
        writer.put(value, out);
        return new String(out.bytes(), 0, out.size(), StandardCharsets.US_ASCII);
    }

    private static byte[] ended(String text) {
        return (text + "\0").getBytes(StandardCharsets.US_ASCII);
    }

    private float readFloat(String text) {
        byte[] bytes = ended(text);
        assertTrue(reader.scan(bytes, 0), text);
        assertEquals(text.length(), reader.stop(), text);
        return reader.toFloat(bytes, 0);
    }

    private double readDouble(String text) {
        byte[] bytes = ended(text);
        assertTrue(reader.scan(bytes, 0), text);
        assertEquals(text.length(), reader.stop(), text);
        return reader.toDouble(bytes, 0);
    }

    @Test
    void floatsOfRandomBitsAreWrittenAsTheJdkWritesThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            assertEquals(Float.toString(value), written(value));
        }
    }

    @Test
    void doublesOfRandomBitsAreWrittenAsTheJdkWritesThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            assertEquals(Double.toString(value), written(value));
        }
    }

    @Test
    void everydayNumbersAreWrittenAsTheJdkWritesThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS / 2; i++) {
            float single = (float) random.nextGaussian();
            assertEquals(Float.toString(single), written(single));
            double twice = Math.rint(random.nextGaussian() * 1000) / 100;
            assertEquals(Double.toString(twice), written(twice));
        }
    }

    @Test
    void edgesOfTheFormatsAreWrittenAsTheJdkWritesThem() {
        for (float value :
                new float[] {
                    0f,
                    -0f,
                    1f,
                    -1f,
                    0.1f,
                    10f,
                    1e-3f,
                    9.999999e-4f,
                    9999999f,
                    1e7f,
                    1.0E10f,
                    Float.MIN_VALUE,
                    Float.MIN_VALUE * 2,
                    Float.MIN_NORMAL,
                    Float.MAX_VALUE,
                    16777216f,
                    16777218f,
                    8388608f,
                    3.3554432E7f,
                    Float.NaN,
                    Float.POSITIVE_INFINITY,
                    Float.NEGATIVE_INFINITY
                }) {
            assertEquals(Float.toString(value), written(value));
        }
        for (double value :
                new double[] {
                    0d,
                    -0d,
                    1d,
                    0.1,
                    123456.789,
                    1e-3,
                    1e7,
                    9999999.999,
                    1e22,
                    1e23,
                    2e23,
                    Double.MIN_VALUE,
                    Double.MIN_VALUE * 2,
                    Double.MIN_NORMAL,
                    Double.MAX_VALUE,
                    9007199254740992d,
                    9007199254740994d,
                    4.35,
                    4.9e-324,
                    Double.NaN,
                    Double.POSITIVE_INFINITY,
                    Double.NEGATIVE_INFINITY
                }) {
            assertEquals(Double.toString(value), written(value));
        }
    }

    @Test
    void floatsAreReadAsTheJdkReadsThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (!Float.isFinite(value)) {
                continue;
            }
            String text = i % 2 == 0 ? Float.toString(value) : Double.toString(value);
            int expected = Float.floatToRawIntBits(Float.parseFloat(text));
            assertEquals(expected, Float.floatToRawIntBits(readFloat(text)), text);
        }
    }

    @Test
    void doublesAreReadAsTheJdkReadsThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (!Double.isFinite(value)) {
                continue;
            }
            String text = Double.toString(value);
            assertEquals(
                    Double.doubleToRawLongBits(value),
                    Double.doubleToRawLongBits(readDouble(text)),
                    text);
        }
    }

    @Test
    void decimalsOfEveryLengthAreReadAsTheJdkReadsThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS; i++) {
            String text = decimal(random);
            assertEquals(
                    Float.floatToRawIntBits(Float.parseFloat(text)),
                    Float.floatToRawIntBits(readFloat(text)),
                    text);
            assertEquals(
                    Double.doubleToRawLongBits(Double.parseDouble(text)),
                    Double.doubleToRawLongBits(readDouble(text)),
                    text);
        }
    }

    private static String decimal(Random random) {
        StringBuilder text = new StringBuilder(random.nextBoolean() ? "-" : "");
        int whole = random.nextInt(12);
        text.append(whole == 0 ? "0" : Integer.toString(1 + random.nextInt(9)));
        for (int i = 1; i < whole; i++) {
            text.append(random.nextInt(10));
        }
        int fraction = random.nextInt(20);
        if (fraction > 0) {
            text.append('.');
            for (int i = 0; i < fraction; i++) {
                text.append(random.nextInt(10));
            }
        }
        if (random.nextInt(3) == 0) {
            text.append(random.nextBoolean() ? "e" : "E").append(random.nextInt(90) - 45);
        }
        return text.toString();
    }

    @Test
    void middlesBetweenTwoFloatsAreRoundedToEven() {
        Random random = new Random(SEED);
        for (int i = 0; i < 100_000; i++) {
            // The middle of two neighbours is exact as a double, and its decimal is exact too.
            float low = Math.abs(random.nextFloat()) * 1000;
            double middle = ((double) low + Math.nextUp(low)) / 2;
            String exact = new java.math.BigDecimal(middle).toPlainString();
            for (String text : new String[] {exact, exact + "1"}) {
                assertEquals(
                        Float.floatToRawIntBits(Float.parseFloat(text)),
                        Float.floatToRawIntBits(readFloat(text)),
                        text);
            }
        }
    }

    @Test
    void integersKeepAllTheirBits() {
        for (String text :
                new String[] {
                    "0",
                    "1",
                    "9223372036854775807",
                    "9223372036854775808",
                    "18446744073709551615",
                    "10000000000000000000",
                    "9999999999999999999"
                }) {
            byte[] bytes = ended(text);
            assertTrue(reader.scan(bytes, 0));
            assertTrue(reader.isWhole(), text);
            assertEquals(text, Long.toUnsignedString(reader.magnitude()));
        }
        for (String text :
                new String[] {
                    "18446744073709551616",
                    "20000000000000000000",
                    "99999999999999999999",
                    "100000000000000000000",
                    "28446744073709551615"
                }) {
            assertTrue(reader.scan(ended(text), 0));
            assertFalse(reader.isWhole(), text);
        }
    }

    @Test
    void longsAreWrittenAsTheJdkWritesThem() {
        Random random = new Random(SEED);
        for (int i = 0; i < 200_000; i++) {
            long value = random.nextLong() >> random.nextInt(64);
            out.clear();
            out.number(value);
            assertEquals(
                    Long.toString(value),
                    new String(out.bytes(), 0, out.size(), StandardCharsets.US_ASCII));
            out.clear();
            out.unsigned(value);
            assertEquals(
                    Long.toUnsignedString(value),
                    new String(out.bytes(), 0, out.size(), StandardCharsets.US_ASCII));
        }
        out.clear();
        out.number(Long.MIN_VALUE);
        assertEquals(
                "-9223372036854775808",
                new String(out.bytes(), 0, out.size(), StandardCharsets.US_ASCII));
    }

    @Test
    void whatIsNoNumberOfJsonIsRefused() {
        for (String text :
                new String[] {
                    "", "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "--1", "NaN", "e5",
                    "x"
                }) {
            assertFalse(reader.scan(ended(text), 0), text);
        }
    }
}

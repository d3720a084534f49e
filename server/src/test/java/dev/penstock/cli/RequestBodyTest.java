package dev.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RequestBodyTest {
    private static ModelInput input(String name, ElementType type, Long... shape) {
        return new ModelInput(name, type, List.of(shape));
    }

    private static String body(List<ModelInput> inputs, String... values) {
        return RequestBody.of("m", inputs, List.of(values)).path("inputs").toString();
    }

    @Test
    void oneOpenDimensionTakesWhatTheOthersLeave() {
        assertArrayEquals(new long[] {1, 4}, input("x", ElementType.FP32, -1L, 4L).fit(4));
        assertArrayEquals(new long[] {3, 4}, input("x", ElementType.FP32, -1L, 4L).fit(12));
        assertArrayEquals(new long[] {}, input("x", ElementType.FP32).fit(1));
        assertArrayEquals(new long[] {2, 2}, input("x", ElementType.FP32, 2L, 2L).fit(4));
    }

    @Test
    void ofSeveralOpenDimensionsTheBatchIsOneAndTheInnermostTakesTheRest() {
        assertArrayEquals(new long[] {1, 17}, input("x", ElementType.INT64, -1L, -1L).fit(17));
        assertArrayEquals(
                new long[] {1, 3, 1, 5}, input("x", ElementType.FP32, -1L, 3L, -1L, -1L).fit(15));
    }

    @Test
    void aShapeThatCannotHoldTheValuesIsRefused() {
        assertThrows(CommandFailure.class, () -> input("x", ElementType.FP32, -1L, 4L).fit(5));
        assertThrows(CommandFailure.class, () -> input("x", ElementType.FP32, -1L, 4L).fit(0));
        assertThrows(CommandFailure.class, () -> input("x", ElementType.FP32, 2L).fit(3));
    }

    @Test
    void severalInputsAreFilledByName() {
        List<ModelInput> two =
                List.of(input("a", ElementType.INT32, -1L), input("b", ElementType.BOOL, 1L));
        String expected =
                "[{\"name\":\"a\",\"datatype\":\"INT32\",\"shape\":[2],\"data\":[1,-2]},"
                        + "{\"name\":\"b\",\"datatype\":\"BOOL\",\"shape\":[1],\"data\":[true]}]";
        assertEquals(expected, body(two, "a=1,-2", "b=true"));
        assertEquals(expected, body(two, "b=1", "a=1, -2"));
        CommandFailure failure =
                assertThrows(CommandFailure.class, () -> body(two, "1,-2", "true"));
        assertEquals("'1,-2' does not say which input it is for", failure.what());
        assertThrows(CommandFailure.class, () -> body(two, "b=1", "1,-2"));
    }

    @Test
    void aMistypedInputNameIsSuggested() {
        List<ModelInput> two =
                List.of(
                        input("ids", ElementType.INT64, -1L),
                        input("mask", ElementType.INT64, -1L));
        CommandFailure failure =
                assertThrows(CommandFailure.class, () -> body(two, "ids=1", "msak=1"));
        assertEquals("m has no input 'msak'", failure.what());
        assertTrue(String.valueOf(failure.next()).startsWith("did you mean mask?"));
        assertThrows(CommandFailure.class, () -> body(two, "ids=1"));
        assertThrows(CommandFailure.class, () -> body(two, "ids=1", "mask=1", "3"));
        assertThrows(CommandFailure.class, () -> body(two, "ids=1", "ids=2"));
    }

    @Test
    void aTextKeepsItsCommas() {
        assertEquals(
                "[{\"name\":\"s\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"one, two\"]}]",
                body(List.of(input("s", ElementType.BYTES, -1L)), "one, two"));
    }

    @ParameterizedTest
    @CsvSource({
        "UINT8, 256",
        "UINT8, -1",
        "INT8, 128",
        "INT8, -129",
        "UINT64, 18446744073709551616",
        "INT64, 9223372036854775808",
        "INT32, 1.5",
        "INT32, x",
        "BOOL, 2",
        "FP32, 1e39",
        "FP16, 65520",
        "FP64, 1e309",
        "FP32, 1f"
    })
    void aWordOutsideOfItsTypeIsRefused(ElementType type, String word) {
        assertThrows(IllegalArgumentException.class, () -> type.parse(word));
    }

    /** Bytes by the two's complement, and by IEEE 754 for the floats. */
    @ParameterizedTest
    @CsvSource({
        "UINT8, 255, ff",
        "INT8, -128, 80",
        "UINT16, 65535, ffff",
        "INT16, -2, feff",
        "UINT32, 4294967295, ffffffff",
        "INT32, -1, ffffffff",
        "UINT64, 18446744073709551615, ffffffffffffffff",
        "INT64, -9223372036854775808, 0000000000000080",
        "BOOL, true, 01",
        "FP16, 1.5, 003e",
        "BF16, 1.0, 803f",
        "BF16, 1.00390625, 803f",
        "FP32, 0.1, cdcccc3d",
        "FP64, 0.1, 9a9999999999b93f",
        "FP32, -inf, 000080ff"
    })
    void aWordBecomesItsLittleEndianBytes(ElementType type, String word, String hex) {
        ByteBuffer raw = ByteBuffer.allocate(type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        type.put(type.parse(word), raw);
        assertEquals(hex, HexFormat.of().formatHex(raw.array()));
        raw.flip();
        type.take(raw);
        assertEquals(0, raw.remaining());
    }
}

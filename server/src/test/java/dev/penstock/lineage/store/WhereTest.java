package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

final class WhereTest {
    // AAAAP gives 0.5 and AACAvw== gives -1.0 as FP32, little-endian: struct.pack("<2f", 0.5, -1).
    private static final String RECORD =
            "{\"lat\":{\"total\":1500},\"big\":9007199254740993,\"ok\":true,\"none\":null,"
                    + "\"smp\":{\"why\":[\"head\",\"slow\"],\"p\":0.05},"
                    + "\"in\":[{\"name\":\"age\",\"dtype\":\"INT64\",\"data\":[41,42]},"
                    + "{\"name\":\"a b\",\"dtype\":\"BYTES\",\"data\":[\"x\"]}],"
                    + "\"out\":[{\"name\":\"score\",\"dtype\":\"FP32\",\"b64\":\"AAAAPwAAgL8=\"},"
                    + "{\"name\":\"gone\",\"dtype\":\"FP32\",\"sha256\":\"00\"}]}";

    private static boolean holds(String text) throws Exception {
        JsonNode record = JsonObject.parse(RECORD, "the record").node();
        return Where.parse(text).stream().allMatch(where -> where.holds(record));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lat.total == 1500",
                "lat.total==1500.0",
                "lat.total > 1499 and lat.total < 1501 and lat.total >= 1500 and lat.total <= 1500",
                "lat.total != 7",
                "lat.total != fast",
                "big == 9007199254740993",
                "ok == true and ok != false",
                "none == null and nothing.at.all == null and ok != null",
                "smp.why == slow and smp.why[0] == \"head\" and smp.why != error",
                "in.age == 41 and in.age[1] == 42 and in[0].data[1] > 41",
                "in.\"a b\" == x",
                "out.score == 0.5 and out.score[1] < 0 and out.score[1] == -1",
                "out.gone == null and out.score[2] == null and out.nobody == null",
            })
    void theseHold(String text) throws Exception {
        assertEquals(true, holds(text), text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lat.total == 1501",
                "lat.total == \"1500\"",
                "big == 9007199254740992",
                "lat.total < 1500",
                "lat.total > fast",
                "nothing != 3",
                "nothing < 3",
                "none == 0",
                "smp.why == error",
                "smp.why != head",
                "out.gone != 3",
                "lat.total == 1500 and ok == false",
                "ok > false",
            })
    void theseDoNot(String text) throws Exception {
        assertEquals(false, holds(text), text);
    }

    private static String refusal(String text) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> Where.parse(text)).getMessage());
    }

    @Test
    void whatIsWrongIsToldWithItsPlace() {
        assertEquals("at character 1: expected a name", refusal(""));
        assertEquals("at character 5: expected == != < <= > or >=", refusal("lat = 3"));
        assertEquals("at character 8: expected a value", refusal("lat == "));
        assertEquals("at character 10: expected and, or the end", refusal("lat == 3 or x == 4"));
        assertEquals("at character 13: expected a name", refusal("lat == 3 and"));
        assertEquals("at character 13: expected a space after and", refusal("lat == 3 andy == 4"));
        assertEquals("at character 6: a quote that does not end", refusal("a == \"x"));
        assertEquals(
                "at character 6: expected a number, and text that begins like one is to be quoted",
                refusal("a == 2026-03-01"));
        assertEquals("at character 3: expected an index and ]", refusal("a[x] == 1"));
        assertEquals("at character 1: expected a name", refusal("; DROP"));
        assertEquals(
                "at character 7: expected an [index] after a tensor's name, and nothing more",
                refusal("in.a.b == 1"));
        assertEquals(
                "at character 2304: more than 32 conditions".substring(0, 13),
                refusal("a == 1" + " and a == 1".repeat(32)).substring(0, 13));
        assertEquals("a condition of 5000 characters, at most 4096", refusal("a".repeat(5000)));
        assertEquals(List.of("a == 1"), Where.parse(" a == 1 ").stream().map(w -> "" + w).toList());
    }
}

package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class VersionPolicyTest {
    @Test
    void readsEachForm() {
        assertEquals(new VersionPolicy.Latest(2), VersionPolicy.parse("latest:2"));
        assertEquals(new VersionPolicy.All(), VersionPolicy.parse("all"));
        assertEquals(
                new VersionPolicy.Specific(new TreeSet<>(List.of(1L, 3L))),
                VersionPolicy.parse("3, 1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"latest:2", "all", "1,3", "999999999999999999"})
    void writesWhatItReads(String text) {
        assertEquals(text, VersionPolicy.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "latest",
                "latest:",
                "latest:0",
                "latest:-1",
                "latest:x",
                "latest:01",
                "latest:9999999999",
                "0",
                "01",
                "1,",
                ",1",
                "1,,3",
                "-1",
                "ALL",
                "1.5",
                "1000000000000000000"
            })
    void refusesWhatIsNoPolicy(String text) {
        assertThrows(IllegalArgumentException.class, () -> VersionPolicy.parse(text));
    }
}

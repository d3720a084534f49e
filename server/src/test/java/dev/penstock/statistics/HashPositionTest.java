package dev.penstock.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HashPositionTest {
    // int(hashlib.sha256((salt + "|" + key).encode()).hexdigest()[:13], 16) in Python 3.11
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "fraud-2, user-17, 1933296065628118",
                "fraud-2, \"\", 2817810529511098",
                "s, ü€, 592354834638083",
                "shd:fraud-2, 0192f1c3-0000-7000-8000-000000000000, 1848923515471299"
            })
    void itIsTheNumberThatThePublishedFormulaGives(String salt, String key, long expected) {
        assertEquals(expected, HashPosition.of(salt, key));
    }
}

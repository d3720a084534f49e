package dev.penstock.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples are those of the W3C Trace Context recommendation, section 3.2. */
final class TraceContextTest {
    private static final String VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @Test
    void keepsTheTraceAndPutsItsOwnSpanIn() {
        TraceContext trace = TraceContext.parse(VALID);
        assertNotNull(trace);
        assertEquals("4bf92f3577b34da6a3ce929d0e0e4736", trace.traceId());
        assertEquals(
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ff-01",
                trace.header(new PredictionId(0x7000, 0x8000_0000_0000_00ffL)));
    }

    @Test
    void aLaterVersionMayHaveMoreFields() {
        assertNotNull(TraceContext.parse("cc" + VALID.substring(2) + "-what-the-future-holds"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more"
            })
    void anInvalidHeaderIsIgnored(String header) {
        assertNull(TraceContext.parse(header));
    }
}

package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.Right;
import dev.penstock.serving.ShadowReport;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ShadowViewTest {
    private static String shown(Set<Right> rights) {
        ShadowReport report =
                new ShadowReport(
                        "m",
                        1,
                        2,
                        Instant.EPOCH,
                        Map.of(dev.penstock.inference.ShadowVerdict.LABEL_FLIP, 3L),
                        Map.of(dev.penstock.inference.ShedReason.FULL, 1L),
                        List.of(new ShadowReport.LabelPair("Anna Example", "Bert Example", 3)),
                        List.of(),
                        List.of(),
                        1,
                        1);
        byte[] json = AdminJson.write(ShadowView.of(report, rights));
        return new String(json, StandardCharsets.UTF_8);
    }

    @Test
    void labelsAreForThoseWhoMayReadWhatModelsAnswered() {
        String all = shown(Set.of(Right.OBSERVE, Right.LINEAGE_READ));
        assertTrue(all.contains("Anna Example") && all.contains("Bert Example"), all);
        String counts = shown(EnumSet.complementOf(EnumSet.of(Right.LINEAGE_READ)));
        assertFalse(counts.contains("Example"), counts);
        assertFalse(counts.contains("\"labels\""), counts);
        assertEquals(all.contains("label_flip"), counts.contains("label_flip"));
    }
}

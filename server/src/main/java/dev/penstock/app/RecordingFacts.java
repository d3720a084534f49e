package dev.penstock.app;

import dev.penstock.admin.LineageFacts;
import dev.penstock.lineage.LineageCounts;
import dev.penstock.lineage.store.LineageLog;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** How recording goes, for the admin API. */
record RecordingFacts(Lineage lineage, Duration sealAge) implements LineageFacts {
    @Override
    public Now now() {
        LineageLog log = lineage.writer().log();
        LineageCounts counts = lineage.recorder().counts();
        long sealMillis = log.lastSealMillis();
        return new Now(
                log.room().name().toLowerCase(Locale.ROOT),
                log.isFailing(),
                log.writeErrors(),
                log.acknowledgedSeq(),
                sealMillis <= 0 ? null : Instant.ofEpochMilli(sealMillis).toString(),
                new Ring(counts.ringRecords(), counts.ringUsed()),
                counts.models().stream()
                        .map(each ->
                                new ModelNow(
                                        each.model(),
                                        each.headRate(),
                                        each.seen(),
                                        each.sampled(),
                                        each.written(),
                                        each.dropped().values().stream()
                                                .mapToLong(Long::longValue)
                                                .sum(),
                                        each.kept(),
                                        each.dropped()))
                        .toList());
    }
}

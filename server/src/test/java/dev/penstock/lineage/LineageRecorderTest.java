package dev.penstock.lineage;

import static dev.penstock.lineage.LineageFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Failure;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.journal.DurableFile;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(120)
final class LineageRecorderTest {
    @TempDir Path folder;

    private LineageFixture open(double sample, Payload payload) throws IOException {
        return new LineageFixture(folder, settings(sample, payload));
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static void assertSettled(LineageCounts.OfModel counts) {
        assertEquals(counts.sampled(), counts.written() + sum(counts.dropped()), counts.toString());
    }

    private static ShadowAnswer shadow(ShadowVerdict verdict) {
        return new ShadowAnswer(
                LineageFixture.version("fraud", 8),
                verdict,
                TensorSet.of(List.of(), () -> {}),
                null,
                1000);
    }

    @Test
    void theTailIsKeptThoughTheHeadIsNot() throws IOException {
        try (LineageFixture fixture = open(0, Payload.HASH)) {
            fixture.call().id(1).record();
            LineageFixture.Call failed = fixture.call().id(2);
            failed.failure = new Failure.Internal("i");
            failed.record();
            LineageFixture.Call cancelled = fixture.call().id(3);
            cancelled.failure = new Failure.Cancelled();
            cancelled.record();
            LineageFixture.Call wrong = fixture.call().id(4);
            wrong.failure = new Failure.InvalidInput("SHAPE", "no");
            wrong.record();
            LineageFixture.Call forced = fixture.call().id(5);
            forced.facts = CallFacts.NONE.withKeepForced();
            forced.record();
            fixture.call().id(6).complete().record(shadow(ShadowVerdict.DIFF));
            fixture.call().id(7).complete().record(shadow(ShadowVerdict.EQUAL));
            List<String> kept = new ArrayList<>();
            for (JsonNode record : fixture.parsed("primary")) {
                kept.add(record.get("rid").asString().substring(35) + record.get("smp").get("why"));
                assertEquals(1, record.get("smp").get("p").asDouble());
            }
            assertEquals(List.of("2[\"error\"]", "5[\"forced\"]", "6[\"mismatch\"]"), kept);
            assertEquals(1, fixture.parsed("shadow").size());
            LineageCounts.OfModel counts = fixture.counts();
            assertEquals(7, counts.seen());
            assertSettled(counts);
        }
    }

    @Test
    void aSlowAnswerIsKeptOnceAMinuteSaysWhatSlowIs() throws IOException {
        try (LineageFixture fixture = open(0, Payload.HASH)) {
            for (int i = 0; i < 200; i++) {
                fixture.call().id(i).record();
            }
            fixture.pass(Duration.ofSeconds(61));
            LineageFixture.Call slow = fixture.call().id(1000);
            slow.computeNanos = 3_000_000;
            slow.record();
            fixture.call().id(1001).record();
            assertEquals("[\"slow\"]", fixture.record().get("smp").get("why").toString());
        }
    }

    @Test
    void aCanaryIsKeptFourTimesAsOften() throws IOException {
        try (LineageFixture fixture = open(0.02, Payload.NONE)) {
            RouteDecision canary =
                    new RouteDecision(1, "canary", 100, RouteDecision.NO_RULE, true, null);
            for (int i = 0; i < 2000; i++) {
                LineageFixture.Call call = fixture.call().id(i);
                call.route = canary;
                call.record();
            }
            // sum(u(n) < 0.08 for n in range(2000)) in Python, with ids 01940000-0000-7000-8…
            assertEquals(144, fixture.records().size());
            assertEquals(37, fixture.counts().kept().get("head"));
        }
    }

    @Test
    void aTrailerCountsExactlyWhatItsSegmentHolds() throws IOException {
        try (LineageFixture fixture = open(1, Payload.HASH)) {
            fixture.call().id(1).floats("x", 1).record();
            fixture.call().id(2).complete().record(shadow(ShadowVerdict.EQUAL));
            fixture.call().id(3).complete().drop();
            LineageFixture.Call failed = fixture.call().id(4);
            failed.failure = new Failure.QueueFull("full");
            failed.record();
            JsonNode trailer = fixture.parsed("trailer").getFirst();
            assertEquals(4, trailer.get("records").asInt());
            assertEquals(4, trailer.get("sampled").asInt());
            assertEquals(3, trailer.get("written").asInt());
            assertEquals(1, trailer.get("dropped").asInt());
            assertEquals(
                    "[{\"model\":\"fraud\",\"version\":7,\"arm\":\"stable\",\"seen\":4,\"sampled\":4,"
                            + "\"written\":3,\"errors\":1,\"thinned\":0,\"kept\":{\"head\":3,\"error\":1},"
                            + "\"dropped\":{\"queue\":1}}]",
                    trailer.get("counters").toString());
            assertEquals("{\"fraud\":1.0}", trailer.get("rates").toString());
            assertEquals(
                    "{\"rids\":[\"" + LineageFixture.id(3) + "\"],\"more\":0}",
                    trailer.get("skipped").toString());
        }
    }

    @Test
    void aHeaderExplainsItsSegment() throws Exception {
        try (LineageFixture fixture = open(0.5, Payload.FULL)) {
            fixture.call().id(41).record();
            JsonNode header = fixture.parsed("header").getFirst();
            assertEquals("penstock-lineage/1", header.get("format").asString());
            assertEquals("25", header.get("env").get("jdk").asString());
            assertEquals("e0e0e0e0e0e0e0e0", header.get("env").get("digest").asString());
            // printf '%s' '{"budget":262144,…}' | sha256sum
            String policy = header.get("policy").toString();
            String digest = header.get("policy").get("digest").asString();
            String rest = policy.replace("\"digest\":\"" + digest + "\",", "");
            assertEquals(
                    "{\"budget\":262144,\"canary\":1.0,\"caps\":{\"error\":{\"per_second\":50.0},"
                            + "\"slow\":{\"of_traffic\":0.01},\"mismatch\":{\"per_second\":50.0},"
                            + "\"forced\":{\"per_second\":50.0}},\"payload\":\"full\",\"salt\":\"smp:1\","
                            + "\"sample\":0.5}",
                    rest);
            byte[] sha =
                    java.security.MessageDigest.getInstance("SHA-256")
                            .digest(rest.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            assertEquals(java.util.HexFormat.of().formatHex(sha).substring(0, 16), digest);
            JsonNode rate = fixture.parsed("rate").getFirst();
            assertEquals(0.5, rate.get("rate").asDouble());
            assertEquals("fraud", rate.get("model").asString());
        }
    }

    @Test
    void otherSharesBeginASegmentUnderAnotherPolicy() throws IOException {
        try (LineageFixture fixture = open(1, Payload.HASH)) {
            fixture.call().id(41).record();
            fixture.pass(Duration.ofMillis(200));
            fixture.recorder.settings(settings(0.02, Payload.FULL), "d0d0d0d0d0d0d0d0");
            fixture.pass(Duration.ofMillis(200));
            // Of these, 41 is below 0.02 and 42 is not; see SamplingTest.
            fixture.call().id(41).record();
            fixture.call().id(42).record();
            List<JsonNode> headers = fixture.parsed("header");
            List<JsonNode> records = fixture.records();
            assertEquals(2, headers.size());
            assertEquals(2, records.size());
            for (int i = 0; i < 2; i++) {
                JsonNode pol = records.get(i).get("smp").get("pol");
                assertEquals(headers.get(i).get("policy").get("digest"), pol);
                assertEquals(headers.get(i).get("cfg"), records.get(i).get("cfg"));
            }
            assertNotEquals(
                    headers.get(0).get("policy").get("digest"),
                    headers.get(1).get("policy").get("digest"));
            assertEquals("hash", headers.get(1).get("policy").get("payload").asString());
        }
    }

    @Test
    void aFullRingCountsWhatItDoesNotTake() throws IOException {
        LineageSettings wide =
                new LineageSettings(
                        1, Payload.NONE, null, 1L << 30, List.of(), LineageFixture.SECRET);
        try (LineageFixture fixture = new LineageFixture(folder, wide)) {
            for (int i = 0; i < RecordRing.CAPACITY + 100; i++) {
                fixture.call().id(i).record();
            }
            assertEquals(100, fixture.counts().dropped().get("ring"));
            assertEquals(1, fixture.recorder.counts().ringUsed());
            fixture.drain();
            assertEquals(0, fixture.recorder.counts().ringUsed());
            assertEquals(RecordRing.CAPACITY, fixture.counts().written());
            assertSettled(fixture.counts());
            JsonNode skipped = fixture.parsed("trailer").getFirst().get("skipped");
            assertEquals(100, skipped.get("rids").size());
        }
    }

    @Test
    void aFullRingOfBytesCountsToo() throws IOException {
        LineageSettings wide =
                new LineageSettings(
                        1, Payload.FULL, null, 1L << 30, List.of(), LineageFixture.SECRET);
        try (LineageFixture fixture = new LineageFixture(folder, wide)) {
            byte[] large = new byte[15 << 20];
            for (int i = 0; i < 6; i++) {
                fixture.call()
                        .id(i)
                        .input("x", DataType.UINT8, Shape.of(large.length), large)
                        .record();
            }
            assertEquals(2, fixture.counts().dropped().get("ring"));
            fixture.drain();
            assertEquals(4, fixture.counts().written());
            assertSettled(fixture.counts());
        }
    }

    @Test
    void theBudgetHoldsAndEveryThingItCostsIsCounted() throws IOException {
        LineageSettings tight =
                new LineageSettings(
                        1, Payload.FULL, null, 10_000, List.of(), LineageFixture.SECRET);
        try (LineageFixture fixture = new LineageFixture(folder, tight)) {
            long number = 0;
            for (int second = 0; second < 60; second++) {
                for (int i = 0; i < 100; i++) {
                    fixture.call().id(number++).floats("x", 1, 2, 3, 4).record();
                }
                fixture.pass(Duration.ofSeconds(1));
            }
            assertTrue(fixture.counts().headRate() < 0.2, fixture.counts().toString());
            assertTrue(fixture.counts().dropped().get("budget") > 0);
            assertSettled(fixture.counts());
            long bytes = 0;
            boolean hasDigests = false;
            for (JsonNode record : fixture.records()) {
                bytes += record.toString().length();
                hasDigests |= record.get("in").get(0).has("sha256");
            }
            // The budget of 60 s and the burst of 10 s; chain and checksum are not in it.
            assertTrue(bytes < 1.5 * 10_000 * 80, bytes + " bytes");
            assertTrue(hasDigests);
            List<Double> rates = new ArrayList<>();
            fixture.parsed("rate").forEach(r -> rates.add(r.get("rate").asDouble()));
            assertEquals(1, rates.getFirst());
            assertEquals(fixture.counts().headRate(), rates.getLast());
        }
    }

    @Test
    void theSumsAgreeUnderManyThreads() throws Exception {
        LineageSettings half =
                new LineageSettings(
                        0.5, Payload.HASH, null, 1L << 30, List.of(), LineageFixture.SECRET);
        try (LineageFixture fixture = new LineageFixture(folder, half)) {
            fixture.writer.start();
            AtomicLong dropped = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                long base = t * 100_000L;
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    for (int i = 0; i < 10_000; i++) {
                                        LineageFixture.Completed one =
                                                fixture.call().id(base + i).complete();
                                        if (i % 10 == 0) {
                                            dropped.addAndGet(one.isWanted() ? 1 : 0);
                                            one.drop();
                                        } else {
                                            one.record(
                                                    i % 100 == 1
                                                            ? shadow(ShadowVerdict.DIFF)
                                                            : null);
                                        }
                                    }
                                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            fixture.writer.close();
            LineageCounts.OfModel counts = fixture.counts();
            assertEquals(40_000, counts.seen());
            assertEquals(dropped.get(), counts.dropped().get("queue"));
            assertSettled(counts);
            assertEquals(0, fixture.recorder.counts().ringRecords());
            fixture.markFinished();
            long sampled = 0;
            long written = 0;
            long seen = 0;
            for (JsonNode trailer : fixture.parsed("trailer")) {
                sampled += trailer.get("sampled").asLong();
                written += trailer.get("written").asLong();
                assertEquals(
                        trailer.get("sampled").asLong(),
                        trailer.get("written").asLong() + trailer.get("dropped").asLong());
                seen += trailer.get("counters").get(0).get("seen").asLong();
            }
            assertEquals(counts.sampled(), sampled);
            assertEquals(counts.written(), written);
            assertEquals(40_000, seen);
            assertEquals(counts.written(), fixture.parsed("primary").size());
        }
    }

    @Test
    void aDiskThatStandsStillHoldsUpNoPrediction() throws Exception {
        StandingFiles files = new StandingFiles();
        LineageSettings all =
                new LineageSettings(
                        1, Payload.HASH, null, 1L << 30, List.of(), LineageFixture.SECRET);
        try (LineageFixture fixture = new LineageFixture(folder, all, files)) {
            files.stand();
            fixture.writer.start();
            fixture.call().id(0).record();
            assertTrue(files.reached.await(20, TimeUnit.SECONDS));
            long begun = System.nanoTime();
            for (int i = 1; i <= 10_000; i++) {
                fixture.call().id(i).record();
            }
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            assertTrue(took.toSeconds() < 20, took.toString());
            // One is being written and still has its place.
            assertEquals(10_001 - RecordRing.CAPACITY, fixture.counts().dropped().get("ring"));
            files.go();
            fixture.writer.close();
            fixture.markFinished();
            assertSettled(fixture.counts());
            assertEquals(RecordRing.CAPACITY, fixture.records().size());
        }
    }

    @Test
    void aDiskThatFailsCostsRecordsThatAreCountedAndNothingElse() throws Exception {
        StandingFiles files = new StandingFiles();
        LineageSettings all =
                new LineageSettings(
                        1, Payload.HASH, null, 1L << 30, List.of(), LineageFixture.SECRET);
        try (LineageFixture fixture = new LineageFixture(folder, all, files)) {
            fixture.call().id(1).record();
            fixture.pass(Duration.ofSeconds(2));
            files.fail(true);
            fixture.call().id(2).record();
            fixture.drain();
            fixture.pass(Duration.ofSeconds(2));
            fixture.call().id(3).record();
            fixture.drain();
            assertEquals(2, fixture.counts().dropped().get("disk"));
            files.fail(false);
            fixture.pass(Duration.ofSeconds(2));
            fixture.call().id(4).record();
            fixture.drain();
            assertSettled(fixture.counts());
            List<String> kept = new ArrayList<>();
            fixture.parsed("primary").forEach(r -> kept.add(r.get("rid").asString()));
            assertEquals(
                    List.of(LineageFixture.id(1).toString(), LineageFixture.id(4).toString()),
                    kept);
            JsonNode trailer = fixture.parsed("trailer").getLast();
            assertEquals(1, trailer.get("written").asInt());
            assertEquals(2, trailer.get("dropped").asInt());
            assertEquals(3, trailer.get("sampled").asInt());
        }
    }

    @Test
    void onceClosedNothingIsTakenAndThatIsCounted() throws Exception {
        try (LineageFixture fixture = open(1, Payload.HASH)) {
            fixture.writer.start();
            fixture.call().id(1).record();
            fixture.writer.close();
            fixture.markFinished();
            fixture.call().id(2).record();
            assertEquals(1, fixture.counts().written());
            assertEquals(1, fixture.counts().dropped().get("closed"));
            assertSettled(fixture.counts());
        }
    }

    @Test
    void theMetricsTellWhatIsKeptAndWhatIsNot() throws IOException {
        try (LineageFixture fixture = open(1, Payload.HASH)) {
            fixture.call().id(1).record();
            fixture.call().id(2).complete().drop();
            fixture.drain();
            String text = fixture.telemetry.scrape();
            for (String line :
                    List.of(
                            "penstock_lineage_records_total{model=\"fraud\",reason=\"head\"} 1.0",
                            "penstock_lineage_skipped_total{reason=\"queue\"} 1.0",
                            "penstock_lineage_skipped_total{reason=\"budget\"} 0.0",
                            "penstock_lineage_head_rate{model=\"fraud\"} 1.0",
                            "penstock_lineage_room 2.0",
                            "penstock_lineage_write_errors_total 0.0",
                            "penstock_lineage_ring_used_ratio 0.0",
                            "penstock_lineage_last_seal_timestamp_seconds 0.0",
                            "penstock_lineage_acknowledged_seq ")) {
                assertTrue(text.contains(line), line);
            }
        }
    }

    @Test
    void whatNoVersionAnsweredIsNotSeen() throws IOException {
        try (LineageFixture fixture = open(1, Payload.HASH)) {
            assertEquals(1, fixture.recorder.headRate("fraud"));
            LineageFixture.Call refused = fixture.call();
            refused.isRouted = false;
            refused.failure = new Failure.ModelNotFound("no such model");
            refused.record();
            assertTrue(fixture.recorder.counts().models().isEmpty());
        }
    }

    /** The disk, whose writes can be made to wait or to fail. */
    private static final class StandingFiles implements DurableFiles {
        final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private volatile boolean isStanding;
        private volatile boolean isFailing;

        void stand() {
            isStanding = true;
        }

        void go() {
            isStanding = false;
            released.countDown();
        }

        void fail(boolean fails) {
            isFailing = fails;
        }

        private void call() throws IOException {
            if (isFailing) {
                throw new IOException("No space left on device");
            }
            if (isStanding) {
                reached.countDown();
                try {
                    released.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        }

        private DurableFile guarded(DurableFile file) {
            return new DurableFile() {
                @Override
                public int write(ByteBuffer bytes) throws IOException {
                    call();
                    return file.write(bytes);
                }

                @Override
                public int writeAt(ByteBuffer bytes, long offset) throws IOException {
                    call();
                    return file.writeAt(bytes, offset);
                }

                @Override
                public void truncate(long sizeBytes) throws IOException {
                    call();
                    file.truncate(sizeBytes);
                }

                @Override
                public void force() throws IOException {
                    call();
                    file.force();
                }

                @Override
                public void close() throws IOException {
                    file.close();
                }
            };
        }

        @Override
        public void makeFolder(Path at) throws IOException {
            DISK.makeFolder(at);
        }

        @Override
        public DurableFile create(Path file) throws IOException {
            call();
            return guarded(DISK.create(file));
        }

        @Override
        public DurableFile open(Path file) throws IOException {
            call();
            return guarded(DISK.open(file));
        }

        @Override
        public InputStream read(Path file) throws IOException {
            return DISK.read(file);
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            call();
            DISK.rename(from, to);
        }

        @Override
        public void delete(Path file) throws IOException {
            DISK.delete(file);
        }

        @Override
        public long size(Path file) throws IOException {
            return DISK.size(file);
        }

        @Override
        public List<Path> list(Path at) throws IOException {
            return DISK.list(at);
        }

        @Override
        public void syncFolder(Path at) throws IOException {
            DISK.syncFolder(at);
        }
    }
}

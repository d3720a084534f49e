package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.journal.MemoryFiles;
import dev.penstock.journal.Segment;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class AuditLogTest {
    private static final Path FOLDER = Path.of("data", "audit");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final MemoryFiles files = new MemoryFiles();
    private Instant now = Instant.parse("2026-03-01T10:00:00Z");

    private AuditLog open() throws IOException {
        return open(files, FOLDER);
    }

    private AuditLog open(DurableFiles disk, Path folder) throws IOException {
        return AuditLog.open(disk, folder, "node-1", () -> now, () -> 0);
    }

    private static AuditChange change(String who, String model, int weight) {
        return new AuditChange(
                new Actor(who, "192.0.2.7", "req-" + weight),
                "route.change",
                AuditTarget.model(model),
                null,
                Map.of("weight", weight),
                "step to " + weight);
    }

    private static AuditChange large(int i) {
        return new AuditChange(
                new Actor("anna", "192.0.2.7", "req-" + i),
                "route.change",
                AuditTarget.model("fraud"),
                null,
                "x".repeat(3_000_000),
                "large");
    }

    private List<JsonNode> lines() throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (Segment segment : Segment.list(files, FOLDER)) {
            new String(files.bytes(segment.file()), UTF_8)
                    .lines()
                    .forEach(line -> lines.add(JSON.readTree(line)));
        }
        return lines;
    }

    @Test
    void aChangeIsTwoLinesAndTheSecondNamesTheFirst() throws IOException {
        try (AuditLog log = open()) {
            long intent = log.intent(change("anna", "fraud", 10));
            log.applied(intent, 7);
        }
        List<JsonNode> lines = lines();
        assertEquals(3, lines.size());
        JsonNode intent = lines.get(1);
        assertEquals("intent", intent.path("kind").asString());
        assertEquals("2026-03-01T10:00:00Z", intent.path("at").asString());
        assertEquals("anna", intent.path("who").asString());
        assertEquals("192.0.2.7", intent.path("from").asString());
        assertEquals("req-10", intent.path("request").asString());
        assertEquals("route.change", intent.path("action").asString());
        assertEquals("{\"model\":\"fraud\"}", intent.path("target").toString());
        assertEquals("{\"weight\":10}", intent.path("after").toString());
        assertFalse(intent.has("before"));
        assertEquals("step to 10", intent.path("reason").asString());
        JsonNode outcome = lines.get(2);
        assertEquals("outcome", outcome.path("kind").asString());
        assertEquals(intent.path("seq").asLong(), outcome.path("intent").asLong());
        assertEquals("applied", outcome.path("result").asString());
        assertEquals(7, outcome.path("revision").asLong());
    }

    @Test
    void whatIsFoundIsWhatWasWritten() throws IOException {
        try (AuditLog log = open()) {
            long first = log.intent(change("anna", "fraud", 10));
            log.refused(first, "stale");
            AuditEntry entry = log.find(AuditFilter.ALL, Long.MAX_VALUE, 10).entries().getFirst();
            assertEquals(
                    new AuditEntry(
                            first,
                            "2026-03-01T10:00:00Z",
                            "anna",
                            "192.0.2.7",
                            "req-10",
                            "route.change",
                            AuditTarget.model("fraud"),
                            null,
                            JSON.readTree("{\"weight\":10}"),
                            "step to 10",
                            new AuditEntry.Outcome(
                                    "2026-03-01T10:00:00Z", "refused", null, "stale")),
                    entry);
        }
    }

    @Test
    void aReadingIsOneLineWhichIsFoundAndNeverLeftOpen() throws IOException {
        AuditChange what =
                new AuditChange(
                        new Actor("anna", "192.0.2.7", "req-1"),
                        "lineage.read",
                        AuditTarget.model("fraud"),
                        null,
                        Map.of("records", 3),
                        "");
        try (AuditLog log = open()) {
            log.reading(what);
            assertEquals(2, lines().size(), "header and reading");
            assertEquals("read", lines().getLast().path("kind").asString());
            AuditFilter filter = new AuditFilter("fraud", "lineage.", null, null, null, null);
            AuditEntry entry = log.find(filter, Long.MAX_VALUE, 10).entries().getFirst();
            assertEquals("anna", entry.who());
            assertEquals(JSON.readTree("{\"records\":3}"), entry.after());
            assertEquals(
                    new AuditEntry.Outcome("2026-03-01T10:00:00Z", "applied", null, null),
                    entry.outcome());
            assertInstanceOf(ChainCheck.Whole.class, log.verify());
        }
        try (AuditLog log = open()) {
            assertEquals(List.of(), log.unfinished());
        }
    }

    @Test
    void aReadingThatCannotBeKeptIsAnError() throws IOException {
        try (AuditLog log = open()) {
            files.failing(MemoryFiles.Fault.EIO, files.faultableCalls() + 1, 1);
            assertThrows(
                    IOException.class,
                    () ->
                            log.reading(
                                    new AuditChange(
                                            new Actor("anna", "192.0.2.7", "req-1"),
                                            "lineage.read",
                                            AuditTarget.SERVER,
                                            null,
                                            null,
                                            "")));
        }
    }

    @Test
    void aPageOfLargeEntriesEndsEarlyAndTheNextGoesOn() throws IOException {
        List<Long> seqs = new ArrayList<>();
        List<Long> found = new ArrayList<>();
        int pages = 0;
        try (AuditLog log = open()) {
            for (int i = 0; i < 12; i++) {
                seqs.addFirst(log.intent(large(i)));
                log.applied(seqs.getFirst(), i);
            }
            Long before = Long.MAX_VALUE;
            while (before != null) {
                AuditPage page = log.find(AuditFilter.ALL, before, 100);
                // Three of 3 MB are more than 8 MiB, which one may exceed.
                assertTrue(page.entries().size() <= 3, "entries " + page.entries().size());
                page.entries().forEach(entry -> found.add(entry.seq()));
                page.entries().forEach(entry -> assertNotNull(entry.outcome()));
                before = page.next();
                pages++;
            }
        }
        assertEquals(seqs, found);
        assertTrue(pages >= 4, "pages " + pages);
    }

    @Test
    void twoSearchAtOnceAndTheOthersWait() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        CountDownLatch held = new CountDownLatch(1);
        AtomicBoolean isSlow = new AtomicBoolean();
        DurableFiles slow =
                (DurableFiles)
                        Proxy.newProxyInstance(
                                DurableFiles.class.getClassLoader(),
                                new Class<?>[] {DurableFiles.class},
                                (proxy, method, args) -> {
                                    if (isSlow.get() && method.getName().equals("read")) {
                                        inside.incrementAndGet();
                                        held.await();
                                    }
                                    return method.invoke(files, args);
                                });
        try (AuditLog log = open(slow, FOLDER)) {
            log.applied(log.intent(change("anna", "fraud", 10)), 1);
            isSlow.set(true);
            AtomicInteger found = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        found.addAndGet(
                                                log.find(AuditFilter.ALL, Long.MAX_VALUE, 10)
                                                        .entries()
                                                        .size());
                                    } catch (IOException e) {
                                        throw new AssertionError(e);
                                    }
                                }));
            }
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!threads.stream().allMatch(t -> t.getState() == Thread.State.WAITING)) {
                assertTrue(System.nanoTime() < until, "all wait");
                Thread.onSpinWait();
            }
            assertEquals(2, inside.get());
            held.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(6, found.get());
        }
    }

    @Test
    void anIntentIsOnTheDiskBeforeItReturns() throws IOException {
        MemoryFiles disk = new MemoryFiles();
        AuditLog log = open(disk, FOLDER);
        long seq = log.intent(change("anna", "fraud", 10));
        List<Long> missing = new ArrayList<>();
        disk.images()
                .at(
                        disk.moment(),
                        20,
                        new java.util.Random(1),
                        image -> {
                            try {
                                var left = open(new MemoryFiles(image), FOLDER).unfinished();
                                if (left.size() != 1 || left.getFirst().seq() != seq) {
                                    missing.add(seq);
                                }
                            } catch (IOException e) {
                                missing.add(seq);
                            }
                        });
        assertEquals(List.of(), missing);
    }

    @Test
    void anIntentThatCannotBeSyncedIsRefusedAndLeavesNoEntry() throws IOException {
        try (AuditLog log = open()) {
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
            // The line, then its force.
            files.failing(MemoryFiles.Fault.EIO, files.faultableCalls() + 1, 1);
            assertThrows(IOException.class, () -> log.intent(change("anna", "fraud", 2)));
            assertTrue(log.isFailing());
            assertEquals(1, log.find(AuditFilter.ALL, Long.MAX_VALUE, 10).entries().size());
            long third = log.intent(change("anna", "fraud", 3));
            assertFalse(log.isFailing());
            log.applied(third, 2);
            assertEquals(2, Segment.list(files, FOLDER).size());
            assertInstanceOf(ChainCheck.Whole.class, log.verify());
        }
        assertTrue(lines().stream().noneMatch(l -> l.path("request").asString("").equals("req-2")));
    }

    @Test
    void whileTheDiskRefusesEveryChangeIsRefused() throws IOException {
        try (AuditLog log = open()) {
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
            files.failing(MemoryFiles.Fault.ENOSPC, files.faultableCalls(), 1_000);
            for (int i = 0; i < 5; i++) {
                assertThrows(IOException.class, () -> log.intent(change("anna", "fraud", 2)));
            }
            files.failing(MemoryFiles.Fault.EIO, Integer.MAX_VALUE, 0);
            log.applied(log.intent(change("anna", "fraud", 3)), 2);
            assertInstanceOf(ChainCheck.Whole.class, log.verify());
        }
    }

    @Test
    void anOutcomeThatCannotBeKeptIsWrittenBeforeTheNextIntent() throws IOException {
        try (AuditLog log = open()) {
            long first = log.intent(change("anna", "fraud", 1));
            files.failing(MemoryFiles.Fault.EIO, files.faultableCalls(), 2);
            log.applied(first, 1);
            assertTrue(log.isFailing());
            assertThrows(IOException.class, () -> log.intent(change("bob", "fraud", 2)));
            long second = log.intent(change("bob", "fraud", 3));
            assertFalse(log.isFailing());
            var found = log.find(AuditFilter.ALL, Long.MAX_VALUE, 10).entries();
            assertEquals(second, found.get(0).seq());
            assertEquals("applied", assertNotNullOutcome(found.get(1)).result());
        }
        List<JsonNode> lines = lines();
        assertEquals("intent", lines.getLast().path("kind").asString());
        assertEquals("outcome", lines.get(lines.size() - 2).path("kind").asString());
    }

    private static AuditEntry.Outcome assertNotNullOutcome(AuditEntry entry) {
        assertNotNull(entry.outcome());
        return entry.outcome();
    }

    @Test
    void anOutcomeIsGivenOnceAndToAnOpenIntent() throws IOException {
        try (AuditLog log = open()) {
            long seq = log.intent(change("anna", "fraud", 1));
            log.applied(seq, 1);
            assertThrows(IllegalArgumentException.class, () -> log.refused(seq, "twice"));
            assertThrows(IllegalArgumentException.class, () -> log.applied(99, 1));
        }
    }

    @Test
    void theNextLifeFindsWhatWasNotFinishedAndCanFinishIt() throws IOException {
        AuditLog killed = open();
        long done = killed.intent(change("anna", "fraud", 1));
        long left = killed.intent(change("bob", "fraud", 2));
        killed.applied(done, 1);
        // No close: the process was killed.
        try (AuditLog log = open()) {
            List<AuditEntry> unfinished = log.unfinished();
            assertEquals(List.of(left), unfinished.stream().map(AuditEntry::seq).toList());
            assertEquals("bob", unfinished.getFirst().who());
            long current = log.intent(change("carl", "fraud", 3));
            assertEquals(1, log.unfinished().size(), "its own intents are under way");
            log.refused(left, "not found in the control store after a restart");
            log.applied(current, 2);
            assertEquals(List.of(), log.unfinished());
        }
        try (AuditLog log = open()) {
            assertEquals(List.of(), log.unfinished());
        }
    }

    @Test
    void anIntentStaysUnfinishedOverManySegmentsAndItsOutcomeIsFound() throws IOException {
        long left = open().intent(change("anna", "fraud", 1));
        for (int life = 0; life < 4; life++) {
            try (AuditLog log = open()) {
                log.applied(log.intent(change("bob", "fraud", 10 + life)), life);
                assertEquals(1, log.unfinished().size());
            }
        }
        try (AuditLog log = open()) {
            log.applied(left, 9);
            var page = log.find(AuditFilter.ALL, left + 1, 10);
            assertEquals(9L, assertNotNullOutcome(page.entries().getFirst()).revision());
            assertTrue(Segment.list(files, FOLDER).size() >= 5);
        }
    }

    @Test
    void aSegmentThatIsFullIsFollowedByAnother() throws IOException {
        try (AuditLog log = open()) {
            for (int i = 0; i < 12; i++) {
                log.applied(log.intent(large(i)), i);
            }
            // 16 MiB hold five and a half entries of 3 MB; the sixth still begins in it.
            assertEquals(2, Segment.list(files, FOLDER).size());
            int found = 0;
            Long before = Long.MAX_VALUE;
            while (before != null) {
                AuditPage page = log.find(AuditFilter.ALL, before, 50);
                found += page.entries().size();
                before = page.next();
            }
            assertEquals(12, found);
            assertInstanceOf(ChainCheck.Whole.class, log.verify());
        }
    }

    @Test
    void pagesGoBackInTimeWithoutAGapOrADouble() throws IOException {
        List<Long> written = new ArrayList<>();
        for (int life = 0; life < 20; life++) {
            try (AuditLog log = open()) {
                for (int i = 0; i < 3; i++) {
                    long seq = log.intent(change("anna", i == 1 ? "fraud" : "spam", life * 3 + i));
                    log.applied(seq, i);
                    written.addFirst(seq);
                }
            }
        }
        try (AuditLog log = open()) {
            for (int limit : new int[] {1, 2, 3, 7, 60, 100}) {
                List<Long> found = new ArrayList<>();
                Long cursor = Long.MAX_VALUE;
                while (cursor != null) {
                    AuditPage page = log.find(AuditFilter.ALL, cursor, limit);
                    assertTrue(page.entries().size() <= limit);
                    page.entries().forEach(e -> found.add(e.seq()));
                    page.entries().forEach(AuditLogTest::assertNotNullOutcome);
                    cursor = page.next();
                }
                assertEquals(written, found, "limit " + limit);
            }
        }
    }

    @Test
    void aSearchThatFindsLittleStillHasABound() throws IOException {
        for (int life = 0; life < 20; life++) {
            try (AuditLog log = open()) {
                log.applied(log.intent(change("anna", life == 0 ? "fraud" : "spam", life)), life);
            }
        }
        try (AuditLog log = open()) {
            var filter = new AuditFilter("fraud", null, null, null, null, null);
            AuditPage page = log.find(filter, Long.MAX_VALUE, 10);
            assertEquals(0, page.entries().size());
            int pages = 1;
            while (page.next() != null) {
                page = log.find(filter, page.next(), 10);
                pages++;
            }
            assertEquals(1, page.entries().size());
            assertEquals(3, pages);
        }
    }

    @Test
    void aFilterTakesByModelActionCallerRequestAndTime() throws IOException {
        try (AuditLog log = open()) {
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
            now = now.plusSeconds(60);
            log.applied(log.intent(change("bob", "spam", 2)), 2);
            Instant second = now;
            assertEquals(1, count(log, new AuditFilter("fraud", null, null, null, null, null)));
            assertEquals(2, count(log, new AuditFilter(null, "route.", null, null, null, null)));
            assertEquals(0, count(log, new AuditFilter(null, "route", null, null, null, null)));
            assertEquals(1, count(log, new AuditFilter(null, null, "bob", null, null, null)));
            assertEquals(1, count(log, new AuditFilter(null, null, null, "req-1", null, null)));
            assertEquals(1, count(log, new AuditFilter(null, null, null, null, second, null)));
            assertEquals(2, count(log, new AuditFilter(null, null, null, null, null, second)));
        }
    }

    private static int count(AuditLog log, AuditFilter filter) throws IOException {
        return log.find(filter, Long.MAX_VALUE, 10).entries().size();
    }

    @Test
    void textThatLooksLikeALineStaysText() throws IOException {
        String evil = "x\",\"kind\":\"outcome\"}\n{\"w\":\"node-1\",\"seq\":3\u2028\0";
        try (AuditLog log = open()) {
            long seq =
                    log.intent(
                            new AuditChange(
                                    new Actor(evil, evil, evil),
                                    evil,
                                    AuditTarget.model(evil),
                                    evil,
                                    Map.of(evil, evil),
                                    evil));
            log.refused(seq, evil);
            AuditEntry entry = log.find(AuditFilter.ALL, Long.MAX_VALUE, 1).entries().getFirst();
            assertEquals(evil, entry.who());
            assertEquals(evil, entry.reason());
            assertEquals(evil, assertNotNullOutcome(entry).reason());
            var whole = assertInstanceOf(ChainCheck.Whole.class, log.verify());
            assertEquals(3, whole.lines());
        }
    }

    @Test
    void aLineThatIsTooLongIsRefusedAndTheLogGoesOn() throws IOException {
        try (AuditLog log = open()) {
            AuditChange change =
                    new AuditChange(
                            new Actor("anna", "::1", "r"),
                            "route.change",
                            AuditTarget.SERVER,
                            null,
                            "x".repeat(17 << 20),
                            "why");
            assertThrows(IllegalArgumentException.class, () -> log.intent(change));
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
            assertInstanceOf(ChainCheck.Whole.class, log.verify());
        }
    }

    @Test
    void aLogGoesOnUnderTheNameThatItHas() throws IOException {
        open().close();
        try (AuditLog log = open()) {
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
        }
        try (AuditLog log = AuditLog.open(files, FOLDER, "renamed", () -> now, () -> 0)) {
            log.applied(log.intent(change("anna", "fraud", 2)), 2);
            assertEquals(2, count(log, AuditFilter.ALL));
        }
        assertEquals(List.of("node-1"), ChainCheck.writers(files, FOLDER));
    }

    @Test
    void aCopyOfTheFolderIsVerifiedWithoutTheServer(@TempDir Path temp) throws IOException {
        Head head;
        try (AuditLog log = open(DurableFiles.DISK, temp)) {
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
            head = log.head();
            log.applied(log.intent(change("anna", "fraud", 2)), 2);
        }
        var whole =
                assertInstanceOf(
                        ChainCheck.Whole.class, ChainCheck.verify(DurableFiles.DISK, temp, head));
        assertEquals(5, whole.lines());
    }

    @Test
    void aCutLogIsNotWholeToTheServerThatWroteIt() throws IOException {
        try (AuditLog log = open()) {
            log.applied(log.intent(change("anna", "fraud", 1)), 1);
            Path file = Segment.list(files, FOLDER).getFirst().file();
            String text = new String(files.bytes(file), UTF_8);
            int lastLine = text.lastIndexOf('\n', text.length() - 2) + 1;
            files.put(file, text.substring(0, lastLine).getBytes(UTF_8));
            assertInstanceOf(ChainCheck.Broken.class, log.verify());
            assertNull(log.find(AuditFilter.ALL, Long.MAX_VALUE, 1).entries().getFirst().outcome());
        }
    }
}

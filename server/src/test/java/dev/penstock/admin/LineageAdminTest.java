package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.Right;
import dev.penstock.admin.LineageFolder.Body;
import dev.penstock.control.RouteDocument;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.VersionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.MerkleTree;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the lineage log answers, over a folder of two sealed segments and one that is open. */
final class LineageAdminTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Instant START = Instant.parse("2026-03-01T10:00:00Z");
    private static final Instant NOW = START.plus(Duration.ofHours(2));
    private static final String HOSTILE = "=cmd|' /C calc'!A0";
    private static final int ADDED = 20;

    @TempDir static Path data;
    private static LineageFolder open;
    private static AuditLog audit;
    private static final List<PredictionId> IDS = new ArrayList<>();
    private static PredictionId routed;
    private static PredictionId lied;
    private static PredictionId large;
    private static PredictionId larger;
    private static PredictionId skipped;
    private static PredictionId written;

    private final List<AuditChange> readings = new ArrayList<>();
    private boolean isAuditFull;
    private AdminApi api;

    @BeforeAll
    static void write() throws Exception {
        audit =
                AuditLog.open(
                        DurableFiles.DISK,
                        data.resolve("audit"),
                        "n",
                        () -> START,
                        System::nanoTime);
        Route route =
                new Route(
                        List.of(
                                new Arm("stable", 1, Role.STABLE, 7_500),
                                new Arm("canary", 2, Role.CANARY, 2_500)),
                        RoutingKey.CALLER,
                        List.<Rule>of(),
                        null,
                        "add-1");
        long intent =
                audit.intent(
                        new AuditChange(
                                new Actor("anna", "192.0.2.7", "req-1"),
                                "route.change",
                                AuditTarget.model("add"),
                                null,
                                RouteDocument.of(route),
                                "a quarter"));
        audit.applied(intent, 1);
        skipped = PredictionId.next(() -> START.plusSeconds(5), () -> 42L << 40);
        try (LineageFolder first = new LineageFolder(data, START, "\"" + skipped + "\"")) {
            for (int i = 0; i < ADDED; i++) {
                PredictionId id = first.at(START.plusSeconds(i)).id();
                IDS.add(id);
                first.add(id, Body.of("add"), i);
            }
            first.add(
                    IDS.get(3),
                    new Body("shadow", "add", 2, "").with("\"pair\":{\"verdict\":\"mismatch\"}"),
                    3);
            first.roll();
            first.at(START.plusSeconds(60));
            large = first.id();
            first.blob(large, "large".repeat(40_000).getBytes(UTF_8));
            larger = first.id();
            first.blob(larger, new byte[(1 << 20) + 1]);
            routed = first.id();
            first.add(routed, Body.of("add").with(route("stable", U_OF_ANNA)), 1);
            lied = first.id();
            first.add(lied, Body.of("add").with(route("canary", U_OF_ANNA)), 1);
            first.json(
                    first.id(),
                    Body.of("odd").with("\"crid\":\"" + HOSTILE + "\""),
                    "[{\"name\":\"@in\\u001b[31m\",\"dtype\":\"BYTES\",\"shape\":[2],"
                            + "\"data\":[\"-1+1\",\"a,\\\"b\\\"\\nc\"]}]",
                    "[{\"name\":\"y\",\"dtype\":\"FP32\",\"shape\":[2],\"data\":[-0.5,2]}]");
        }
        open = new LineageFolder(data, START.plusSeconds(90), "");
        written = open.id();
        open.add(written, Body.of("add"), 7);
    }

    // printf 'add-1|anna' | sha256sum | cut -c1-13 is abb38be6cd11a, 3020602154471706 of 2^52.
    private static final String U_OF_ANNA = "0.6707084120253684";

    private static String route(String arm, String u) {
        return "\"caller\":{\"id\":\"anna\",\"via\":\"token\"},\"route\":{\"rev\":1,\"arm\":\""
                + arm
                + "\",\"w\":75,\"salt\":\"add-1\",\"key\":{\"by\":\"caller\"},\"u\":"
                + u
                + "}";
    }

    @AfterAll
    static void end() throws Exception {
        open.close();
        audit.close();
    }

    @BeforeEach
    void make() {
        LineageAdmin lineage =
                new LineageAdmin(
                        DurableFiles.DISK,
                        data.resolve("lineage"),
                        new Facts(),
                        LineageAdminTest::version,
                        audit,
                        new Trail(),
                        () -> NOW);
        AdminServices services =
                new AdminServices(
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        new AuditAdmin(null, null, null),
                        null,
                        new ConfigAdmin(null, null),
                        new ShadowAdmin(null, List::of),
                        new StoreAdmin(null, null),
                        lineage,
                        new ReplayAdmin(null, null, null, null, null, null));
        api = new AdminApi(null, services, (route, status) -> {}, "1");
    }

    private static VersionDetail version(VersionId id) {
        if (id.number() != 1) {
            throw AdminException.notFound("there is no version " + id);
        }
        return new VersionDetail(
                id.model(),
                "1",
                "ready",
                null,
                null,
                null,
                null,
                "ab".repeat(32),
                null,
                null,
                null,
                null,
                "policy",
                null,
                null,
                List.of(),
                true,
                "from May",
                Map.of(),
                null,
                null,
                null);
    }

    private static final class Facts implements LineageFacts {
        @Override
        public Now now() {
            return new Now(
                    "values",
                    false,
                    0,
                    open.acknowledgedSeq(),
                    null,
                    new Ring(0, 0),
                    List.of(
                            new ModelNow(
                                    "add",
                                    0.25,
                                    160,
                                    40,
                                    38,
                                    2,
                                    Map.of("head", 38L),
                                    Map.of("budget", 2L))));
        }

        @Override
        public Duration sealAge() {
            return Duration.ofMinutes(15);
        }
    }

    private final class Trail implements AuditTrail {
        @Override
        public long intent(AuditChange change) {
            throw new AssertionError("nothing is changed");
        }

        @Override
        public void applied(long intent, long revision) {}

        @Override
        public void refused(long intent, String reason) {}

        @Override
        public void reading(AuditChange what) throws IOException {
            if (isAuditFull) {
                throw new IOException("no space left on device");
            }
            readings.add(what);
        }
    }

    private AdminResponse ask(String path, String... query) throws Exception {
        Map<String, String> parameters = new HashMap<>();
        for (int i = 0; i < query.length; i += 2) {
            parameters.put(query[i], query[i + 1]);
        }
        return api.handle(
                new AdminRequest(
                        "GET",
                        AdminApi.BASE + path,
                        parameters,
                        Map.of(),
                        new AdminRequest.Body(new byte[0]),
                        null,
                        new Actor("berta", "192.0.2.8", "req-9"),
                        Set.of(Right.LINEAGE_READ)));
    }

    private static JsonNode json(AdminResponse response) {
        return JSON.readTree(AdminJson.write(response.body()));
    }

    private JsonNode ok(String path, String... query) throws Exception {
        AdminResponse response = ask(path, query);
        assertEquals(200, response.status(), () -> json(response).toString());
        return json(response);
    }

    private JsonNode refused(int status, String code, String path, String... query)
            throws Exception {
        AdminResponse response = ask(path, query);
        JsonNode body = json(response);
        assertEquals(status, response.status(), body::toString);
        assertEquals(code, body.path("code").asString(), body::toString);
        return body;
    }

    @Test
    void aRecordIsGivenWithItsPlaceAndAProofThatHolds() throws Exception {
        JsonNode found = ok("/lineage/" + IDS.get(4));
        JsonNode kept = found.path("records").path(0);
        assertEquals(IDS.get(4).toString(), kept.path("record").path("rid").asString());
        assertEquals(4, kept.path("record").at("/in/0/data/0").asDouble());
        JsonNode place = kept.path("place");
        assertTrue(place.path("sealed").asBoolean());
        JsonNode proof = place.path("proof");
        byte[] line = Base64.getDecoder().decode(proof.path("line").asString());
        List<byte[]> path = new ArrayList<>();
        proof.path("path").forEach(each -> path.add(HexFormat.of().parseHex(each.asString())));
        assertTrue(
                MerkleTree.isProven(
                        line,
                        proof.path("leaf_index").asLong(),
                        proof.path("tree_size").asLong(),
                        path,
                        HexFormat.of().parseHex(place.at("/manifest/merkle_root").asString())));
        assertEquals(IDS.get(4).toString(), JSON.readTree(line).path("rid").asString());
    }

    @Test
    void theVersionIsComparedWithWhatItIsNow() throws Exception {
        JsonNode version = ok("/lineage/" + IDS.get(4)).at("/records/0/version");
        assertEquals("ready", version.path("state").asString());
        assertTrue(version.path("same_digest").asBoolean());
        assertEquals("from May", version.path("note").asString());
    }

    @Test
    void aShadowStandsBesideWhatWasAnswered() throws Exception {
        JsonNode found = ok("/lineage/" + IDS.get(3));
        assertEquals(2, found.path("records").size());
        assertEquals("mismatch", found.at("/pair/verdict").asString());
        assertEquals("gone", found.at("/records/1/version/state").asString());
    }

    @Test
    void whatIsNotSealedSaysByWhenItWillBe() throws Exception {
        JsonNode place = ok("/lineage/" + written).at("/records/0/place");
        assertFalse(place.path("sealed").asBoolean());
        assertFalse(place.has("proof"));
        // Arrived at 10:01:30, answered within 520 us, then 15 min, each second rounded up.
        assertEquals("2026-03-01T10:16:32Z", place.path("sealed_by").asString());
    }

    @Test
    void theDecisionOfARouteIsMadeAgain() throws Exception {
        JsonNode route = ok("/lineage/" + routed).path("route");
        assertEquals(0.6707084120253684, route.path("computed_u").asDouble(), 1e-15);
        // The canary takes what is below 0.25.
        assertEquals("stable", route.path("computed_arm").asString());
        assertTrue(route.path("agrees").asBoolean(), route::toString);
        assertEquals(2, route.path("thresholds").size());
        assertEquals("anna", route.at("/change/by").asString());
        assertEquals("a quarter", route.at("/change/reason").asString());
        JsonNode other = ok("/lineage/" + lied).path("route");
        assertFalse(other.path("agrees").asBoolean(true), other::toString);
    }

    @Test
    void withoutARouteTrafficFollowed() throws Exception {
        JsonNode route = ok("/lineage/" + IDS.get(0)).path("route");
        assertTrue(route.path("agrees").asBoolean());
        assertEquals("r0", route.path("revision").asString());
    }

    @Test
    void readingValuesIsWrittenDownWithWhoAndWhat() throws Exception {
        ok("/lineage/" + IDS.get(4));
        ok("/lineage", "model", "add", "limit", "5");
        assertEquals(2, readings.size());
        AuditChange reading = readings.getLast();
        assertEquals("lineage.read", reading.action());
        assertEquals("berta", reading.actor().name());
        assertEquals("192.0.2.8", reading.actor().from());
        assertEquals("add", reading.target().model());
        // Two of the five hold references to large tensors, no values.
        JsonNode what = JSON.valueToTree(reading.after());
        assertEquals(3, what.path("records").asLong(), what::toString);
        assertEquals("{\"limit\":\"5\",\"model\":\"add\"}", what.path("asked").toString());
        assertTrue(what.path("first_seq").asLong() > 1, what::toString);
        assertTrue(what.path("last_seq").asLong() > what.path("first_seq").asLong());
    }

    @Test
    void withoutValuesNothingIsWrittenDownAndNothingIsGiven() throws Exception {
        JsonNode found = ok("/lineage/" + IDS.get(4), "payload", "false");
        JsonNode tensor = found.at("/records/0/record/in/0");
        assertEquals("x", tensor.path("name").asString());
        assertFalse(tensor.has("data"));
        JsonNode page = ok("/lineage", "payload", "false");
        assertTrue(page.path("records").size() > ADDED);
        assertFalse(page.toString().contains("\"data\""), page::toString);
        AdminResponse lines = ask("/lineage", "payload", "0", "format", "ndjson");
        assertFalse(new String((byte[]) lines.body(), UTF_8).contains("\"data\""));
        assertEquals(List.of(), readings);
    }

    @Test
    void theProofHoldsTheLineSoWithoutValuesThereIsNone() throws Exception {
        JsonNode place = ok("/lineage/" + IDS.get(4), "payload", "false").at("/records/0/place");
        assertTrue(place.path("sealed").asBoolean());
        assertFalse(place.at("/proof").has("line"), place::toString);
    }

    @Test
    void aConditionOnValuesIsWrittenDownAlsoWithoutThem() throws Exception {
        ok("/lineage", "payload", "false", "where", "out.y > 1000");
        ok("/lineage", "payload", "false", "where", "lat.queue >= 0 and \"in\".x == 1");
        ok("/lineage", "payload", "false", "where", "in_sha256 == abc");
        assertEquals(3, readings.size());
        ok("/lineage", "payload", "false", "where", "lat.queue > 1000");
        assertEquals(3, readings.size());
    }

    @Test
    void valuesAreRefusedWhileTheReadingCannotBeWrittenDown() throws Exception {
        isAuditFull = true;
        for (String format : List.of("json", "ndjson", "csv")) {
            JsonNode refusal = refused(503, "NOT_KEPT", "/lineage", "format", format);
            assertFalse(refusal.has("records"));
        }
        refused(503, "NOT_KEPT", "/lineage/" + IDS.get(1));
        ok("/lineage/" + IDS.get(1), "payload", "false");
    }

    @Test
    void largeTensorsAreGivenWhereWanted() throws Exception {
        JsonNode plain = ok("/lineage/" + large).at("/records/0/record/in/0");
        assertEquals(200_000, plain.at("/ref/bytes").asLong());
        assertEquals(List.of(), readings, "a reference is no value");
        JsonNode inline = ok("/lineage/" + large, "blobs", "true").at("/records/0/record/in/0");
        assertArrayEquals(
                "large".repeat(40_000).getBytes(UTF_8),
                Base64.getDecoder().decode(inline.path("b64").asString()));
        assertEquals(1, readings.size());
        JsonNode over = ok("/lineage/" + larger, "blobs", "true").at("/records/0/record/in/0");
        assertTrue(over.has("ref") && !over.has("b64"), "over 1 MiB it stays a reference");
    }

    @Test
    void whatIsNotThereSaysWhyByModel() throws Exception {
        PredictionId none = unknown(START.plusSeconds(10), true);
        JsonNode known = refused(404, "NOT_RECORDED", "/lineage/" + none);
        assertEquals(u(none), known.path("u").asDouble(), 1e-15);
        assertEquals(JSON.readTree("{\"add\":0.25,\"other\":0.5}"), known.path("rates"));
        assertFalse(known.has("why"));
        JsonNode why = refused(404, "NOT_RECORDED", "/lineage/" + none, "model", "add");
        assertTrue(why.path("why").asString().contains(">= rate 0.25"), why::toString);
        PredictionId low = unknown(START.plusSeconds(10), false);
        why = refused(404, "NOT_RECORDED", "/lineage/" + low, "model", "add");
        assertTrue(why.path("why").asString().contains("< rate 0.25"), why::toString);
        why = refused(404, "NOT_RECORDED", "/lineage/" + none, "model", "nobody");
        assertTrue(why.path("why").asString().contains("not asked for before"), why::toString);
    }

    @Test
    void whatATrailerListsWasSkipped() throws Exception {
        JsonNode why = refused(404, "NOT_RECORDED", "/lineage/" + skipped, "model", "add");
        assertEquals("skipped: budget", why.path("why").asString());
    }

    @Test
    void timesOutsideOfTheLogAreSaid() throws Exception {
        PredictionId early = unknown(START.minus(Duration.ofDays(30)), true);
        JsonNode why = refused(404, "NOT_RECORDED", "/lineage/" + early);
        assertEquals("the time in the id lies before the log begins", why.path("why").asString());
        PredictionId late = unknown(NOW.plus(Duration.ofDays(1)), true);
        why = refused(404, "NOT_RECORDED", "/lineage/" + late, "model", "add");
        assertEquals("the time in the id lies in the future", why.path("why").asString());
        PredictionId zero = PredictionId.parse("00000000-0000-7000-8000-000000000000");
        refused(404, "NOT_RECORDED", "/lineage/" + zero);
        refused(404, "NOT_RECORDED", "/lineage/ffffffff-ffff-7fff-bfff-ffffffffffff");
    }

    private static PredictionId unknown(Instant at, boolean isHigh) {
        for (long seed = 1; ; seed++) {
            long bits = seed * 0x9e3779b97f4a7c15L;
            PredictionId id = PredictionId.next(() -> at, () -> bits);
            if (isHigh ? u(id) > 0.5 : u(id) < 0.25) {
                return id;
            }
        }
    }

    /** As docs/explanation/lineage.md has it, by other means. */
    private static double u(PredictionId id) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(("smp:1|" + id).getBytes(UTF_8));
            String hex = HexFormat.of().formatHex(digest).substring(0, 13);
            return Long.parseLong(hex, 16) / Math.pow(16, 13);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aSearchIsTheNewestFirstAndPagesNeitherRepeatNorSkip() throws Exception {
        for (String order : List.of("newest", "oldest")) {
            List<String> all = new ArrayList<>();
            String cursor = null;
            do {
                JsonNode page =
                        cursor == null
                                ? ok("/lineage", "model", "add", "order", order, "limit", "3")
                                : ok(
                                        "/lineage",
                                        "model",
                                        "add",
                                        "order",
                                        order,
                                        "limit",
                                        "3",
                                        "cursor",
                                        cursor);
                page.path("records").forEach(r -> all.add(r.path("seq").asString("")));
                cursor = page.path("next").asString(null);
            } while (cursor != null);
            List<Long> seqs = all.stream().map(Long::valueOf).toList();
            List<Long> sorted = new ArrayList<>(seqs);
            sorted.sort(null);
            assertEquals(order.equals("newest") ? sorted.reversed() : sorted, seqs);
            // 20 answers, one shadow, two large, two routed, one open.
            assertEquals(26, seqs.stream().distinct().count());
        }
    }

    @Test
    void filtersNarrowASearch() throws Exception {
        assertEquals(1, ok("/lineage", "kind", "shadow").path("records").size());
        assertEquals(1, ok("/lineage", "version", "2").path("records").size());
        assertEquals(1, ok("/lineage", "crid", HOSTILE).path("records").size());
        assertEquals(0, ok("/lineage", "code", "none").path("records").size());
        assertEquals(1, ok("/lineage", "arm", "canary").path("records").size());
        assertEquals(0, ok("/lineage", "min_ms", "0.521").path("records").size());
        assertEquals(
                ADDED + 1,
                ok("/lineage", "min_ms", "0.52", "until", "2026-03-01T10:00:30Z")
                        .path("records")
                        .size());
        assertEquals(
                3,
                ok(
                                "/lineage",
                                "since",
                                "2026-03-01T10:00:17Z",
                                "until",
                                "2026-03-01T10:00:19Z",
                                "kind",
                                "primary")
                        .path("records")
                        .size());
        // Ten seconds on: 13:00 less 2 h is START.
        assertEquals(1, ok("/lineage", "since", "7110s", "model", "add").path("records").size());
        assertEquals(1, ok("/lineage", "since", "7110s ago").path("records").size());
        assertEquals(1, ok("/lineage", "where", "out.y > 19.5").path("records").size());
    }

    @Test
    void linesAreGivenAsTheyStandInTheLog() throws Exception {
        AdminResponse response =
                ask("/lineage", "format", "ndjson", "limit", "2", "kind", "shadow");
        String line = new String((byte[]) response.body(), UTF_8).strip();
        JsonNode proof = ok("/lineage/" + IDS.get(3)).at("/records/1/place/proof");
        assertEquals(
                new String(Base64.getDecoder().decode(proof.path("line").asString()), UTF_8), line);
        assertEquals("application/x-ndjson", response.contentType());
        assertEquals("true", response.headers().get("penstock-complete"));
        assertFalse(response.headers().containsKey("penstock-next-cursor"));
        AdminResponse more = ask("/lineage", "format", "ndjson", "limit", "2");
        assertNotNull(more.headers().get("penstock-next-cursor"));
    }

    @Test
    void csvHasAColumnForEachValueAndKeepsThemOverPages() throws Exception {
        String[] first = {"model", "add", "format", "csv", "limit", "25", "order", "oldest"};
        AdminResponse response = ask("/lineage", first);
        List<String> rows = new String((byte[]) response.body(), UTF_8).lines().toList();
        assertEquals(26, rows.size());
        assertTrue(rows.getFirst().endsWith(",seq,in.x,out.y"), rows.getFirst());
        assertTrue(rows.get(1).startsWith("2026-03-01T10:00:00Z," + IDS.getFirst()), rows.get(1));
        assertTrue(rows.get(2).endsWith(",1.0,2.0"), rows.get(2));
        String cursor = response.headers().get("penstock-next-cursor");
        String[] next = Arrays.copyOf(first, first.length + 2);
        next[first.length] = "cursor";
        next[first.length + 1] = cursor;
        List<String> more =
                new String((byte[]) ask("/lineage", next).body(), UTF_8).lines().toList();
        assertEquals(rows.getFirst(), more.getFirst());
        assertEquals(2, more.size());
    }

    @Test
    void noCellOfCsvIsAFormulaNorSteersATerminal() throws Exception {
        AdminResponse response = ask("/lineage", "model", "odd", "format", "csv");
        String text = new String((byte[]) response.body(), UTF_8);
        assertTrue(text.contains(",'" + HOSTILE + ","), text);
        assertTrue(text.contains("in.@in\\u001b[31m[0]"), text);
        assertTrue(text.contains(",'-1+1,\"a,\"\"b\"\"\\u000ac\",-0.5,2"), text);
        assertFalse(text.chars().anyMatch(c -> c == 0x1b), text);
        assertEquals(2, text.lines().count());
    }

    @Test
    void aCellThatBeginsLikeAFormulaStandsBehindAnApostrophe() {
        assertEquals("'=1+1", LineageCsv.cell("=1+1"));
        assertEquals("'+1", LineageCsv.cell("+1"));
        assertEquals("'-1", LineageCsv.cell("-1"));
        assertEquals("'@SUM(A1)", LineageCsv.cell("@SUM(A1)"));
        assertEquals("\"'=a,b\"", LineageCsv.cell("=a,b"));
        assertEquals("\\u0009=1", LineageCsv.cell("\t=1"));
        assertEquals("\\u000d=1", LineageCsv.cell("\r=1"));
        assertEquals("a=1", LineageCsv.cell("a=1"));
        assertEquals("\" =1\"", LineageCsv.cell(" =1"));
    }

    @Test
    void whoFollowsGetsWhatIsWrittenNextAndNothingTwice() throws Exception {
        JsonNode now = ok("/lineage", "model", "follow");
        String follow = now.path("follow").asString();
        JsonNode none = ok("/lineage", "model", "follow", "order", "oldest", "cursor", follow);
        assertEquals(0, none.path("records").size());
        PredictionId id = open.id();
        open.add(id, Body.of("follow"), 1);
        JsonNode next =
                ok(
                        "/lineage",
                        "model",
                        "follow",
                        "order",
                        "oldest",
                        "cursor",
                        none.path("follow").asString());
        assertEquals(id.toString(), next.at("/records/0/rid").asString());
        JsonNode after =
                ok(
                        "/lineage",
                        "model",
                        "follow",
                        "order",
                        "oldest",
                        "cursor",
                        next.path("follow").asString());
        assertEquals(0, after.path("records").size());
    }

    @Test
    void theStatusCountsFiles() throws Exception {
        JsonNode status = ok("/lineage:status");
        assertEquals(2, status.at("/files/sealed").asLong());
        assertEquals(1, status.at("/files/open").asLong());
        assertTrue(status.at("/files/bytes").asLong() > (1 << 20));
        assertEquals(0.25, status.at("/recording/models/0/rate").asDouble());
        assertEquals(900, status.path("seal_age_seconds").asLong());
    }

    @Test
    void hostileSearchesAreRefusedByName() throws Exception {
        String cursor = ok("/lineage", "limit", "1", "model", "add").path("next").asString();
        String forged = Base64.getUrlEncoder().encodeToString(new byte[] {1, 2, 3});
        List<String[]> cases = new ArrayList<>();
        for (String limit : List.of("0", "-1", "1001", "1e3", "99999999999", "", " 1", "0x10")) {
            cases.add(new String[] {"limit", limit});
        }
        for (String time :
                List.of(
                        "yesterday",
                        "-10m",
                        "10",
                        "10y",
                        "9999999d ago",
                        "2026-13-01T00:00:00Z",
                        "1969-12-31T23:59:59Z",
                        "+1000000-01-01T00:00:00Z",
                        "-1000000000-01-01T00:00:00Z",
                        "2026-01-01",
                        "")) {
            cases.add(new String[] {"since", time});
            cases.add(new String[] {"until", time});
        }
        for (String version : List.of("0", "-1", "01", "1.0", "v1", "99999999999", "")) {
            cases.add(new String[] {"version", version});
        }
        for (String kind : List.of("replay", "primary,shadow,primary,shadow", ",", "")) {
            cases.add(new String[] {"kind", kind});
        }
        for (String ms : List.of("-1", "NaN", "1e9", "Infinity", "9999999999", "0.0001", "")) {
            cases.add(new String[] {"min_ms", ms});
        }
        for (String where :
                List.of(
                        "",
                        "x",
                        "a ==",
                        "== 1",
                        "a = 1",
                        "a == \"",
                        "a == \"\\u001b",
                        "a == 1 or b == 2",
                        "a[99999999999] == 1",
                        "a[-1] == 1",
                        "a == 1 and".repeat(100),
                        "a.".repeat(3000) + "a == 1",
                        "((((a == 1))))",
                        "in.x.y == 1",
                        "a == 1; drop table")) {
            cases.add(new String[] {"where", where});
        }
        for (String wrong : List.of("", "!!!", "d1", forged, cursor + "x", "A".repeat(9000))) {
            cases.add(new String[] {"cursor", wrong});
        }
        cases.add(new String[] {"order", "random"});
        cases.add(new String[] {"format", "parquet"});
        cases.add(new String[] {"payload", "maybe"});
        cases.add(new String[] {"model", ""});
        cases.add(new String[] {"arm", "x".repeat(257)});
        cases.add(new String[] {"since_", "1"});
        for (String[] each : cases) {
            AdminResponse response = ask("/lineage", each);
            String shown = String.join("=", each);
            JsonNode body = json(response);
            assertEquals(422, response.status(), () -> shown + " " + body);
            assertEquals(
                    "?" + each[0], body.at("/errors/0/pointer").asString(), () -> shown + body);
            assertFalse(
                    body.toString().chars().anyMatch(Character::isISOControl), () -> shown + body);
        }
        assertTrue(cases.size() >= 60);
        assertEquals(1, readings.size());
    }

    @Test
    void aCursorIsGoodForItsOwnSearchAlone() throws Exception {
        String cursor = ok("/lineage", "limit", "1", "model", "add").path("next").asString();
        ok("/lineage", "limit", "7", "model", "add", "cursor", cursor);
        ok("/lineage", "payload", "false", "model", "add", "cursor", cursor);
        refused(422, "INVALID", "/lineage", "limit", "1", "cursor", cursor);
        refused(422, "INVALID", "/lineage", "model", "odd", "cursor", cursor);
        refused(422, "INVALID", "/lineage", "model", "add", "order", "oldest", "cursor", cursor);
        refused(422, "INVALID", "/lineage", "model", "add", "since", "1h", "cursor", cursor);
    }

    @Test
    void aCursorThatIsForgedReachesNothingElse() throws Exception {
        String good = ok("/lineage", "limit", "1").path("next").asString();
        JsonNode inside = JSON.readTree(Base64.getUrlDecoder().decode(good));
        String q = inside.path("q").asString();
        for (String forged :
                List.of(
                        "{\"q\":\"" + q + "\",\"p\":\"d-1\",\"f\":0,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"dx\",\"f\":0,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"d\",\"f\":0,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"d9999999999999999999\",\"f\":0,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"d1\",\"f\":-5,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"d1\",\"f\":2,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"d1\",\"f\":0,\"t\":9223372036854775807}",
                        "{\"q\":\"" + q + "\",\"p\":\"d1\",\"f\":0.5,\"t\":1}",
                        "{\"q\":\"" + q + "\",\"p\":\"d1\",\"f\":0,\"t\":1e99}",
                        "{\"q\":\"" + q + "\",\"p\":\"d1\",\"f\":0,\"t\":1,\"c\":{}}",
                        "{\"q\":\""
                                + q
                                + "\",\"p\":\"d1\",\"f\":0,\"t\":1,\"c\":[[\"in\",\"x\",99]]}",
                        "[]",
                        "null",
                        "\"d1\"",
                        "[".repeat(3000))) {
            String cursor =
                    Base64.getUrlEncoder().withoutPadding().encodeToString(forged.getBytes(UTF_8));
            AdminResponse response = ask("/lineage", "cursor", cursor);
            assertEquals(422, response.status(), () -> forged + json(response));
        }
    }

    @Test
    void whatIsNoIdIsRefused() throws Exception {
        for (String id :
                List.of(
                        "x",
                        "0192f1c3-7a5e-4c11-8a2b-3c4d5e6f7081",
                        "0192F1C3-7A5E-7C11-8A2B-3C4D5E6F7081",
                        "0192f1c3-7a5e-7c11-0a2b-3c4d5e6f7081",
                        "0192f1c37a5e7c118a2b3c4d5e6f7081",
                        "0192f1c3-7a5e-7c11-8a2b-3c4d5e6f708",
                        "..",
                        "\u001b[31m",
                        "a".repeat(5000))) {
            JsonNode refusal = refused(400, "SYNTAX", "/lineage/" + id);
            assertFalse(refusal.toString().chars().anyMatch(Character::isISOControl));
        }
        refused(422, "INVALID", "/lineage/" + IDS.getFirst(), "model", "../etc");
        refused(422, "INVALID", "/lineage/" + IDS.getFirst(), "blobs", "all");
    }
}

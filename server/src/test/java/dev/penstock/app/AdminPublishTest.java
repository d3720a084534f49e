package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.access.AccessSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Publishing by upload and from the store: what is loaded, what takes traffic, what stays. */
@Timeout(120)
final class AdminPublishTest {
    private static final String VERSIONS = "/models/add/versions";

    @TempDir Path models;
    @TempDir Path data;
    private Gateway gateway;
    private AdminCaller admin;

    @BeforeEach
    void open() throws Exception {
        new Store(models).publishAdd("add", 1);
        Files.createDirectories(data.resolve("uploads").resolve(".left"));
        Files.writeString(data.resolve("uploads").resolve(".left").resolve("part-0"), "half");
        start();
    }

    private void start() throws Exception {
        gateway = Gateways.start(models, data, AccessSettings.DEFAULT);
        admin = new AdminCaller(gateway.adminAddress().getPort());
    }

    @AfterEach
    void close() throws Exception {
        admin.close();
        gateway.stop();
    }

    private AdminCaller.Answer upload(String path, byte[] model, String... fields)
            throws IOException, InterruptedException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int i = 0; i < fields.length; i += 2) {
            body.writeBytes(head(fields[i]));
            body.writeBytes(fields[i + 1].getBytes(StandardCharsets.UTF_8));
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes(head("model\"; filename=\"../../evil.onnx"));
        body.writeBytes(model);
        body.writeBytes("\r\n--b--\r\n".getBytes(StandardCharsets.UTF_8));
        return admin.send(
                admin.request(path)
                        .header("content-type", "multipart/form-data; boundary=b")
                        .POST(BodyPublishers.ofByteArray(body.toByteArray())));
    }

    private static byte[] head(String name) {
        return ("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] add(int number) {
        return OnnxModel.addConstant(number, -1, 4);
    }

    private JsonNode ended(AdminCaller.Answer accepted) throws Exception {
        assertEquals(202, accepted.status(), accepted.body().toString());
        String place = accepted.response().headers().firstValue("location").orElseThrow();
        JsonNode operation = accepted.body();
        while (operation.path("state").asString("").equals("running")) {
            operation = admin.get(place.substring("/admin/v1".length())).body();
        }
        return operation;
    }

    private List<String> uploads() throws IOException {
        try (Stream<Path> all = Files.list(data.resolve("uploads"))) {
            return all.map(each -> each.getFileName().toString()).toList();
        }
    }

    private String serves() throws Exception {
        return admin.get("/routes/add").body().path("arms").path(0).path("version").asString("");
    }

    @Test
    void anUploadIsLoadedAndTakesNoTraffic() throws Exception {
        assertEquals(List.of(), uploads(), "what an earlier process left");
        JsonNode done =
                ended(upload(VERSIONS, add(2), "note", "from May", "labels", "{\"team\":\"a\"}"));
        assertEquals("done", done.path("state").asString(""), done.toString());
        assertEquals(100, done.path("percent").asInt());
        assertEquals("2", done.path("version").asString(""));
        JsonNode version = admin.get(VERSIONS + "/2").body();
        assertEquals("ready", version.path("state").asString(""));
        assertEquals("from May", version.path("note").asString(""));
        assertEquals("a", version.path("labels").path("team").asString(""));
        assertEquals("x", version.path("inputs").path(0).path("name").asString(""));
        JsonNode route = admin.get("/routes/add").body();
        assertFalse(route.path("follows").asBoolean(), route.toString());
        assertEquals("1", serves());
        assertEquals(List.of(), uploads());
        assertTrue(Files.exists(data.resolve("models/add/2/model.onnx")));
        assertTrue(Files.exists(data.resolve("models/add/2/manifest.json")));
        JsonNode diff = admin.get(VERSIONS + "/1/diff/2").body();
        assertTrue(diff.path("is_comparable").asBoolean(), diff.toString());
        assertTrue(diff.path("signature").isEmpty());
    }

    @Test
    void aPublisherMayLetTheModelFollow() throws Exception {
        ended(upload(VERSIONS + "?serve=true", add(2)));
        while (!serves().equals("2")) {
            Thread.onSpinWait();
        }
        assertTrue(admin.get("/routes/add").body().path("follows").asBoolean());
    }

    @Test
    void aDryRunTriesAllAndKeepsNothing() throws Exception {
        AdminCaller.Answer answer = upload(VERSIONS + "?dry_run=true", add(2));
        assertEquals(200, answer.status(), answer.body().toString());
        assertTrue(answer.body().path("dry_run").asBoolean());
        assertEquals("signature", answer.body().path("phase").asString(""));
        assertEquals(404, admin.get(VERSIONS + "/2").status());
        assertTrue(admin.get("/routes/add").body().path("follows").asBoolean());
        assertEquals(List.of(), uploads());
    }

    @Test
    void whatIsPublishedAndPinnedOutlivesTheProcess() throws Exception {
        ended(upload(VERSIONS, add(7), "version", "7"));
        admin.close();
        gateway.stop();
        start();
        assertEquals("1", serves());
        assertEquals("ready", admin.get(VERSIONS + "/7").body().path("state").asString(""));
        JsonNode audit = admin.get("/audit?model=add").body().path("entries");
        assertEquals("version.publish", audit.path(0).path("action").asString(""));
        assertEquals("applied", audit.path(0).path("outcome").path("result").asString(""));
        assertEquals("route.pin", audit.path(1).path("action").asString(""));
        assertTrue(
                admin.send(admin.request("/audit:verify").POST(BodyPublishers.noBody()))
                        .body()
                        .path("ok")
                        .asBoolean());
    }

    @Test
    void anUploadedVersionIsDeletedAndOneInUseIsNot() throws Exception {
        ended(upload(VERSIONS, add(2)));
        String document =
                "{\"arms\":[{\"version\":\"2\",\"role\":\"stable\",\"weight\":100}],\"reason\":\"r\"}";
        assertEquals(200, admin.put("/routes/add", "*", document).status());
        AdminCaller.Answer refused = admin.delete(VERSIONS + "/2?reason=r", "*");
        assertEquals("IN_USE", refused.body().path("code").asString(""));
        assertEquals(
                200, admin.put("/routes/add", "*", document.replace("\"2\"", "\"1\"")).status());
        AdminCaller.Answer deleted = admin.delete(VERSIONS + "/2?reason=r", "*");
        assertEquals(200, deleted.status(), deleted.body().toString());
        assertFalse(Files.exists(data.resolve("models/add")));
        assertEquals(List.of(), uploads());
    }

    @Test
    void twoUploadsInARowGetTwoNumbers() throws Exception {
        AdminCaller.Answer first = upload(VERSIONS, add(2));
        AdminCaller.Answer second = upload(VERSIONS, add(3));
        AdminCaller.Answer third = upload(VERSIONS, add(3), "version", "2");
        assertEquals("2", first.body().path("version").asString(""), first.body().toString());
        assertEquals("3", second.body().path("version").asString(""), second.body().toString());
        assertEquals("EXISTS", third.body().path("code").asString(""), third.body().toString());
        assertEquals("done", ended(first).path("state").asString(""));
        assertEquals("done", ended(second).path("state").asString(""));
    }

    @Test
    void aNumberWhoseFolderNoLookSawYetIsTaken() throws Exception {
        Files.createDirectories(data.resolve("models/add/9"));
        AdminCaller.Answer answer = upload(VERSIONS, add(2), "version", "9");
        assertEquals("EXISTS", answer.body().path("code").asString(""), answer.body().toString());
    }

    @Test
    void aDeletedVersionServesNobodyOnceThatIsAnswered() throws Exception {
        ended(upload(VERSIONS, add(2), "note", "n"));
        assertEquals(200, admin.delete(VERSIONS + "/2?reason=r", "*").status());
        AdminCaller.Answer after = admin.get(VERSIONS + "/2");
        String state = after.body().path("state").asString("");
        assertTrue(after.status() == 404 || state.equals("unloaded"), after.body().toString());
        assertEquals("", after.body().path("note").asString(""));
    }

    @Test
    void aModelOfTheLongestNameIsPinnedAndOutlivesTheProcess() throws Exception {
        String name = "m".repeat(128);
        ended(upload("/models/" + name + "/versions", add(1)));
        ended(upload("/models/" + name + "/versions", add(2)));
        String pinned = admin.get("/routes/" + name).body().path("salt").asString("");
        admin.close();
        gateway.stop();
        start();
        JsonNode route = admin.get("/routes/" + name).body();
        assertFalse(route.path("follows").asBoolean(true), route.toString());
        assertEquals(pinned, route.path("salt").asString(""));
    }

    @Test
    void theSameVersionInBothRootsIsRefused() throws Exception {
        ended(upload("/models/twin/versions", add(1)));
        new Store(models).publishAdd("twin", 2);
        Path own = Files.createDirectories(data.resolve("models/twin"));
        Store uploaded = new Store(data.resolve("models"));
        uploaded.publishAdd("twin", 2);
        assertTrue(Files.exists(own.resolve("2")));
        JsonNode version = admin.get("/models/twin/versions/2").body();
        while (!version.path("reason").asString("").contains("watched store")) {
            version = admin.get("/models/twin/versions/2").body();
        }
    }

    @Test
    void aFolderOfTheStoreIsPublishedByItsName() throws Exception {
        new Store(models).publishAdd("add", 2);
        new Store(models).publishAdd("add", 3);
        while (!serves().equals("3")) {
            Thread.onSpinWait();
        }
        JsonNode done =
                ended(admin.post(VERSIONS, "*", "{\"source\":\"file:add/1\",\"note\":\"again\"}"));
        assertEquals("done", done.path("state").asString(""), done.toString());
        JsonNode version = admin.get(VERSIONS + "/1").body();
        assertEquals("ready", version.path("state").asString(""), version.toString());
        assertEquals("loaded", version.path("desired").asString(""));
        assertEquals("3", serves());
    }

    @Test
    void aRouteOfThePastIsShownAsItWas() throws Exception {
        new Store(models).publishAdd("add", 2);
        String before = java.time.Instant.now().toString();
        String document =
                "{\"arms\":[{\"version\":\"1\",\"role\":\"stable\",\"weight\":75},"
                        + "{\"version\":\"2\",\"role\":\"canary\",\"weight\":25}],\"reason\":\"r\"}";
        while (admin.put("/routes/add", "\"r0\"", document).status() == 422) {
            Thread.onSpinWait();
        }
        String between = java.time.Instant.now().toString();
        assertEquals(200, admin.delete("/routes/add?reason=r", "*").status());
        JsonNode past = admin.get("/routes/add?as_of=" + between).body();
        assertEquals("r1", past.path("revision").asString(""), past.toString());
        assertEquals(75, past.path("arms").path(0).path("weight").asInt());
        assertTrue(admin.get("/routes/add?as_of=" + before).body().path("follows").asBoolean());
        assertEquals("r2", admin.get("/routes/add").body().path("revision").asString(""));
    }

    /** What lies in the folders of the server's own, but for the folders themselves. */
    private List<String> kept() throws IOException {
        List<String> files = new ArrayList<>();
        for (String own : List.of("uploads", "models")) {
            Path folder = data.resolve(own);
            if (Files.isDirectory(folder)) {
                try (Stream<Path> all = Files.walk(folder)) {
                    all.filter(path -> !path.equals(folder))
                            .forEach(path -> files.add(data.relativize(path).toString()));
                }
            }
        }
        return files;
    }

    @Test
    void anUploadWhoseConnectionIsCutLeavesNothing() throws Exception {
        String part =
                new String(head("model\"; filename=\"m.onnx"), StandardCharsets.UTF_8)
                        + "x".repeat(100_000);
        String request =
                "POST /admin/v1/models/add/versions HTTP/1.1\r\nHost: localhost\r\n"
                        + "Content-Type: multipart/form-data; boundary=b\r\n"
                        + "Content-Length: 1000000\r\n\r\n"
                        + part;
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), gateway.adminAddress().getPort())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().flush();
            await(() -> !kept().isEmpty());
        }
        await(() -> kept().isEmpty());
        assertEquals(404, admin.get("/models/add/versions/2").status());
        // The number is free again, and a good upload takes it.
        ended(upload("/models/add/versions", add(2)));
        assertEquals(200, admin.get("/models/add/versions/2").status());
    }

    @Test
    void anUploadAboveTheLimitIsRefusedAndLeavesNothing() throws Exception {
        close();
        GatewayConfig small =
                GatewayConfig.reader()
                        .read(
                                null,
                                Map.of("PENSTOCK_MODELS_MAX_UPLOAD", "1KiB"),
                                Map.of(
                                        "--models", models.toString(),
                                        "--data", data.toString(),
                                        "--http", "127.0.0.1:0",
                                        "--grpc", "127.0.0.1:0",
                                        "--metrics", "127.0.0.1:0",
                                        "--admin", "127.0.0.1:0",
                                        "--drain", "0s"))
                        .orThrow();
        gateway = new Gateway(small);
        gateway.start();
        gateway.awaitFirstLook();
        admin = new AdminCaller(gateway.adminAddress().getPort());
        AdminCaller.Answer refused = upload("/models/add/versions", new byte[2_000]);
        assertEquals(413, refused.status(), refused.body().toString());
        assertEquals("TOO_LARGE", refused.body().path("code").asString(""));
        assertEquals(List.of(), kept());
        // Some 200 bytes, and the form around them.
        ended(upload("/models/add/versions", add(2)));
    }

    private interface Claim {
        boolean holds() throws IOException;
    }

    private static void await(Claim claim) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!claim.holds()) {
            assertTrue(System.nanoTime() < until, "waited in vain");
            Thread.onSpinWait();
        }
    }
}

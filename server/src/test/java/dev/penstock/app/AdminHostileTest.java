package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.AccessSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Bad input on the admin port: each case is refused with all that is wrong, changes nothing, leaves
 * nothing on the disk, and the next request is answered.
 */
final class AdminHostileTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String ROUTE = "/routes/add";
    private static final String GOOD =
            "{\"arms\":[{\"version\":\"1\",\"role\":\"stable\",\"weight\":100}],\"reason\":\"r\"}";
    private static final String ANY = "If-Match: *\r\n";
    private static final String AS_JSON = "Content-Type: application/json\r\n";

    @TempDir static Path root;
    private static Gateway gateway;
    private static Path data;
    private static String revision;

    /**
     * @param faults pointers that must be in the answer, with blanks between
     */
    private record Case(
            String name,
            String method,
            String path,
            String headers,
            String body,
            int status,
            String faults) {}

    private final List<Case> cases = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        Path models = Files.createDirectory(root.resolve("models"));
        data = Files.createDirectory(root.resolve("data"));
        new Store(models).publishAdd("add", 1);
        new Store(models).publishAdd("add", 2);
        new Store(models).publish("broken", 1, "no model".getBytes(StandardCharsets.UTF_8));
        gateway = Gateways.start(models, data, AccessSettings.DEFAULT);
        HttpCaller.Answer set = send("PUT", ROUTE, ANY + AS_JSON, GOOD);
        assertEquals(200, set.status(), set.text());
        revision = set.headers().get("etag");
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.stop();
    }

    private static HttpCaller.Answer send(String method, String path, String headers, String body)
            throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String length =
                headers.contains("ontent-Length") || headers.contains("Transfer")
                        ? ""
                        : "Content-Length: " + bytes.length + "\r\n";
        String base = path.startsWith("/") ? "/admin/v1" : "";
        String head =
                method + " " + base + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + length;
        try (HttpCaller caller = new HttpCaller(gateway.adminAddress().getPort())) {
            return caller.call((head + "\r\n").getBytes(StandardCharsets.ISO_8859_1), bytes);
        }
    }

    private void put(String name, String body, int status, String faults) {
        cases.add(new Case(name, "PUT", ROUTE, ANY + AS_JSON, body, status, faults));
    }

    private void of(
            String name, String method, String path, String headers, String body, int status) {
        cases.add(new Case(name, method, path, headers, body, status, ""));
    }

    private static String arms(String... arms) {
        return "{\"arms\":[" + String.join(",", arms) + "],\"reason\":\"r\"}";
    }

    private static String arm(String version, String role, String weight) {
        return "{\"version\":" + version + ",\"role\":\"" + role + "\",\"weight\":" + weight + "}";
    }

    private static String with(String member) {
        return GOOD.substring(0, GOOD.length() - 1) + "," + member + "}";
    }

    private void documents() {
        String one = arm("\"1\"", "stable", "90");
        put("weights below", arms(one, arm("\"2\"", "canary", "5")), 422, "/arms");
        put("weights above", arms(one, arm("\"2\"", "canary", "20")), 422, "/arms");
        put("negative", arms(one, arm("\"2\"", "canary", "-10")), 422, "/arms/1/weight");
        put("huge", arms(arm("\"1\"", "stable", "1e999999")), 422, "/arms/0/weight");
        put("tiny", arms(arm("\"1\"", "stable", "1e-999999")), 422, "/arms/0/weight");
        String zero = arm("\"2\"", "canary", "0E-900000000");
        put(
                "zero of many digits",
                arms(arm("\"1\"", "stable", "100"), zero),
                422,
                "/arms/1/weight");
        put(
                "fraction of many digits",
                with("\"shadow\":{\"version\":\"2\",\"fraction\":1e-900000000}"),
                422,
                "/shadow/fraction");
        put("three decimals", arms(arm("\"1\"", "stable", "99.999")), 422, "/arms/0/weight");
        put("weight as text", arms(arm("\"1\"", "stable", "\"100\"")), 422, "/arms/0/weight");
        put("weight null", arms(arm("\"1\"", "stable", "null")), 422, "/arms/0/weight");
        put("weight a list", arms(arm("\"1\"", "stable", "[100]")), 422, "/arms/0/weight");
        put("weight true", arms(arm("\"1\"", "stable", "true")), 422, "/arms/0/weight");
        put("version a number", arms(arm("1", "stable", "100")), 422, "/arms/0/version");
        put("version zero", arms(arm("\"0\"", "stable", "100")), 422, "/arms/0/version");
        put("version signed", arms(arm("\"-1\"", "stable", "100")), 422, "/arms/0/version");
        put("version padded", arms(arm("\"01\"", "stable", "100")), 422, "/arms/0/version");
        put(
                "version huge",
                arms(arm("\"9999999999999999999999\"", "stable", "100")),
                422,
                "/arms/0/version");
        put("version unknown", arms(arm("\"7\"", "stable", "100")), 422, "/arms/0/version");
        put("version a path", arms(arm("\"../1\"", "stable", "100")), 422, "/arms/0/version");
        put("no stable", arms(arm("\"1\"", "canary", "100")), 422, "/arms");
        put(
                "two stables",
                arms(arm("\"1\"", "stable", "50"), arm("\"2\"", "stable", "50")),
                422,
                "/arms");
        put(
                "two names",
                arms(one, arm("\"2\"", "canary", "5"), arm("\"2\"", "canary", "5")),
                422,
                "/arms/2/role");
        put("role unknown", arms(one, arm("\"2\"", "candidate", "10")), 422, "/arms/1/role");
        put("no arms", "{\"arms\":[],\"reason\":\"r\"}", 422, "/arms");
        put("arms absent", "{\"reason\":\"r\"}", 422, "/arms");
        put("arms null", "{\"arms\":null,\"reason\":\"r\"}", 422, "/arms");
        put("arms an object", "{\"arms\":{},\"reason\":\"r\"}", 422, "/arms");
        put("arm null", "{\"arms\":[null],\"reason\":\"r\"}", 422, "/arms/0");
        put("arm a text", "{\"arms\":[\"1\"],\"reason\":\"r\"}", 422, "/arms/0");
        put(
                "too many arms",
                arms(one.repeat(1) + ("," + arm("\"2\"", "canary", "0")).repeat(20)),
                422,
                "/arms");
        put("no reason", "{\"arms\":[" + arm("\"1\"", "stable", "100") + "]}", 422, "/reason");
        put("blank reason", GOOD.replace("\"r\"", "\" \""), 422, "/reason");
        put("reason a number", GOOD.replace("\"r\"", "1"), 422, "/reason");
        put("long reason", GOOD.replace("\"r\"", "\"" + "x".repeat(501) + "\""), 422, "/reason");
        put("control in reason", GOOD.replace("\"r\"", "\"a\\u0000b\""), 422, "/reason");
        put("unknown field", with("\"colour\":1"), 422, "/colour");
        put("camel case", with("\"lastChange\":{}"), 422, "/lastChange");
        put("key empty", with("\"key\":{}"), 422, "/key");
        put("key both", with("\"key\":{\"header\":\"x\",\"caller\":true}"), 422, "/key");
        put("key a secret", with("\"key\":{\"header\":\"Authorization\"}"), 422, "/key/header");
        put("key binary", with("\"key\":{\"header\":\"x-bin\"}"), 422, "/key/header");
        put("key blank", with("\"key\":{\"header\":\"a b\"}"), 422, "/key/header");
        put("key a text", with("\"key\":\"x\""), 422, "/key");
        put("rule empty", with("\"rules\":[{}]"), 422, "/rules/0/equals");
        put("rule null", with("\"rules\":[null]"), 422, "/rules/0");
        put(
                "rule to nobody",
                with("\"rules\":[{\"header\":\"a\",\"equals\":\"1\",\"arm\":\"x\"}]"),
                422,
                "/rules/0/arm");
        put(
                "rule to two",
                with(
                        "\"rules\":[{\"header\":\"a\",\"equals\":\"1\",\"arm\":\"stable\",\"version\":\"1\"}]"),
                422,
                "/rules/0");
        put(
                "rule of both",
                with(
                        "\"rules\":[{\"header\":\"a\",\"parameter\":\"b\",\"equals\":\"1\",\"arm\":\"stable\"}]"),
                422,
                "/rules/0");
        put(
                "rule to version 9",
                with("\"rules\":[{\"header\":\"a\",\"equals\":\"1\",\"version\":\"9\"}]"),
                422,
                "/rules/0/version");
        put(
                "many rules",
                with(
                        "\"rules\":["
                                + "{\"header\":\"a\",\"equals\":\"1\",\"arm\":\"stable\"},"
                                        .repeat(65)
                                + "null]"),
                422,
                "/rules");
        put(
                "shadow of none",
                with("\"shadow\":{\"version\":\"1\",\"fraction\":0}"),
                422,
                "/shadow/fraction");
        put(
                "shadow of two",
                with("\"shadow\":{\"version\":\"1\",\"fraction\":2}"),
                422,
                "/shadow/fraction");
        put(
                "shadow absent",
                with("\"shadow\":{\"version\":\"9\",\"fraction\":1}"),
                422,
                "/shadow/version");
        put("shadow half", with("\"shadow\":{\"version\":\"1\"}"), 422, "/shadow/fraction");
        put("salt odd", with("\"salt\":\"a b\""), 422, "/salt");
        put("salt empty", with("\"salt\":\"\""), 422, "/salt");
        put("salt a list", with("\"salt\":[]"), 422, "/salt");
        put(
                "many at once",
                "{\"arms\":[{\"version\":1,\"role\":\"canery\",\"weight\":-1},null],\"key\":{},\"x\":1}",
                422,
                "/arms/0/version /arms/0/role /arms/0/weight /arms/1 /key /x /reason");
    }

    private void texts() {
        put("empty", "", 422, "");
        put("null", "null", 422, "");
        put("a list", "[]", 422, "");
        put("a number", "1", 422, "");
        put("cut", GOOD.substring(0, 30), 400, "");
        put("trailing", GOOD + "{}", 400, "");
        put("duplicate", with("\"reason\":\"again\""), 400, "");
        put("single quotes", "{'arms':[]}", 400, "");
        put("comment", "/* */" + GOOD, 400, "");
        put("NaN", arms(arm("\"1\"", "stable", "NaN")), 400, "");
        put("deep", "[".repeat(40), 400, "");
        put("long number", arms(arm("\"1\"", "stable", "1".repeat(100))), 400, "");
        put("long text", with("\"salt\":\"" + "x".repeat(70_000) + "\""), 400, "");
        put("bad escape", with("\"salt\":\"\\q\""), 400, "");
        of("no type", "PUT", ROUTE, ANY, GOOD, 415);
        of(
                "form",
                "PUT",
                ROUTE,
                ANY + "Content-Type: application/x-www-form-urlencoded\r\n",
                "a=b",
                415);
        of("text", "PUT", ROUTE, ANY + "Content-Type: text/plain\r\n", GOOD, 415);
        of(
                "multipart route",
                "PUT",
                ROUTE,
                ANY + "Content-Type: multipart/form-data; boundary=a\r\n",
                "--a--",
                415);
        of("gzip", "PUT", ROUTE, ANY + AS_JSON + "Content-Encoding: gzip\r\n", GOOD, 415);
        of("too large", "PUT", ROUTE, ANY + AS_JSON + "Content-Length: 1048577\r\n", "", 413);
        of(
                "far too large",
                "PUT",
                ROUTE,
                ANY + AS_JSON + "Content-Length: 99999999999\r\n",
                "",
                413);
    }

    private void heads() {
        of("no revision", "PUT", ROUTE, AS_JSON, GOOD, 428);
        of("stale", "PUT", ROUTE, "If-Match: \"r0\"\r\n" + AS_JSON, GOOD, 412);
        of("unquoted", "PUT", ROUTE, "If-Match: r1\r\n" + AS_JSON, GOOD, 400);
        of("weak", "PUT", ROUTE, "If-Match: W/\"r1\"\r\n" + AS_JSON, GOOD, 400);
        of("list", "PUT", ROUTE, "If-Match: \"r1\", \"r2\"\r\n" + AS_JSON, GOOD, 400);
        of(
                "huge revision",
                "PUT",
                ROUTE,
                "If-Match: \"r99999999999999999999\"\r\n" + AS_JSON,
                GOOD,
                400);
        of("two If-Match", "PUT", ROUTE, ANY + ANY + AS_JSON, GOOD, 400);
        of("two types", "PUT", ROUTE, ANY + AS_JSON + AS_JSON, GOOD, 400);
        of("two hosts", "GET", ROUTE, "Host: localhost\r\n", "", 400);
        of("other host", "GET", ROUTE, "Host:\r\n", "", 400);
        of("bad expectation", "PUT", ROUTE, ANY + AS_JSON + "Expect: x\r\n", GOOD, 417);
        of(
                "two lengths",
                "PUT",
                ROUTE,
                ANY + "Content-Length: 1\r\nContent-Length: 2\r\n",
                "",
                400);
        of(
                "both lengths",
                "PUT",
                ROUTE,
                ANY + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                "",
                400);
        of("negative length", "PUT", ROUTE, ANY + "Content-Length: -1\r\n", "", 400);
        of("odd coding", "PUT", ROUTE, ANY + "Transfer-Encoding: gzip\r\n", "", 400);
        of(
                "bad chunk",
                "PUT",
                ROUTE,
                ANY + AS_JSON + "Transfer-Encoding: chunked\r\n",
                "zz\r\n",
                400);
        of("long header", "GET", ROUTE, "X: " + "x".repeat(20_000) + "\r\n", "", 431);
        of("many headers", "GET", ROUTE, "X: x\r\n".repeat(200), "", 431);
        of("bad header", "GET", ROUTE, "X y: x\r\n", "", 400);
        of(
                "foreign",
                "DELETE",
                ROUTE + "?reason=r",
                ANY + "Origin: http://evil.example\r\n",
                "",
                403);
        of("body of a GET", "GET", ROUTE, AS_JSON, "{}", 422);
    }

    private void paths() {
        of("post", "POST", ROUTE, AS_JSON, GOOD, 405);
        of("patch", "PATCH", ROUTE, AS_JSON, GOOD, 405);
        of("options", "OPTIONS", ROUTE, "", "", 405);
        of("trace", "TRACE", ROUTE, "", "", 405);
        of("brew", "BREW", ROUTE, "", "", 405);
        of("slash", "GET", ROUTE + "/", "", "", 404);
        of("case", "GET", "/Routes", "", "", 404);
        of("nothing", "GET", "/nothing", "", "", 404);
        of("outside", "GET", "/../../v2", "", "", 400);
        of("encoded up", "GET", "/%2e%2e/routes", "", "", 400);
        of("encoded slash", "GET", "/routes%2fadd", "", "", 400);
        of("encoded zero", "GET", "/routes/a%00b", "", "", 400);
        of("half escape", "GET", "/routes/a%4", "", "", 400);
        of("bad escape", "GET", "/routes/a%zz", "", "", 400);
        of("no UTF-8", "GET", "/routes/a%ff", "", "", 400);
        of("backslash", "GET", "/routes\\add", "", "", 400);
        of("fragment", "GET", "/routes#x", "", "", 400);
        of("long path", "GET", "/" + "x".repeat(9_000), "", "", 414);
        of("unknown action", "POST", ROUTE + ":promote", AS_JSON, "{}", 404);
        of("unknown model", "PUT", "/routes/none", ANY + AS_JSON, GOOD, 404);
        of("unknown parameter", "PUT", ROUTE + "?dryrun=true", ANY + AS_JSON, GOOD, 422);
        of("dry run maybe", "PUT", ROUTE + "?dry_run=maybe", ANY + AS_JSON, GOOD, 422);
        of("dry run empty", "PUT", ROUTE + "?dry_run", ANY + AS_JSON, GOOD, 422);
        of("dry run twice", "PUT", ROUTE + "?dry_run=1&dry_run=0", ANY + AS_JSON, GOOD, 400);
        of("wait odd", "PUT", ROUTE + "?wait=2", ANY + AS_JSON, GOOD, 422);
        of("limit zero", "GET", "/routes?limit=0", "", "", 422);
        of("limit odd", "GET", "/models?limit=1e3", "", "", 422);
        of("cursor odd", "GET", "/models?cursor=%25", "", "", 422);
        of("as of odd", "GET", ROUTE + "?as_of=yesterday", "", "", 422);
        of("as of future", "GET", ROUTE + "?as_of=2999-01-01T00:00:00Z", "", "", 422);
        of("delete no reason", "DELETE", ROUTE, ANY, "", 422);
        of("undo no reason", "POST", ROUTE + ":undo", ANY + AS_JSON, "{}", 422);
        of(
                "explain two",
                "POST",
                ROUTE + ":explain",
                AS_JSON,
                "{\"key\":\"a\",\"caller\":\"b\"}",
                422);
        of("explain odd", "POST", ROUTE + ":explain", AS_JSON, "{\"headers\":{\"a\":1}}", 422);
        of("no such audit", "GET", "/audit/999999", "", "", 404);
        of("audit odd", "GET", "/audit?since=x&until=y&limit=0&cursor=z", "", "", 422);
        of("no such operation", "DELETE", "/operations/x", "", "", 404);
    }

    private void versions() {
        String path = "/models/add/versions/";
        of("patch nothing", "PATCH", path + "2", AS_JSON, "{\"reason\":\"r\"}", 422);
        of("patch no reason", "PATCH", path + "2", AS_JSON, "{\"note\":\"x\"}", 422);
        of(
                "patch odd wish",
                "PATCH",
                path + "2",
                AS_JSON,
                "{\"desired\":\"gone\",\"reason\":\"r\"}",
                422);
        of(
                "patch long note",
                "PATCH",
                path + "2",
                AS_JSON,
                "{\"note\":\"" + "x".repeat(2_001) + "\",\"reason\":\"r\"}",
                422);
        of(
                "patch odd label",
                "PATCH",
                path + "2",
                AS_JSON,
                "{\"labels\":{\"A B\":\"x\"},\"reason\":\"r\"}",
                422);
        of(
                "patch label 1",
                "PATCH",
                path + "2",
                AS_JSON,
                "{\"labels\":{\"a\":1},\"reason\":\"r\"}",
                422);
        of(
                "unload used",
                "PATCH",
                path + "1",
                AS_JSON,
                "{\"desired\":\"unloaded\",\"reason\":\"r\"}",
                409);
        of(
                "load broken",
                "PATCH",
                "/models/broken/versions/1",
                AS_JSON,
                "{\"desired\":\"loaded\",\"reason\":\"r\"}",
                409);
        of("delete used", "DELETE", path + "1?reason=r", "", "", 409);
        of("delete watched", "DELETE", path + "2?reason=r", "", "", 409);
        of("delete none", "DELETE", path + "9?reason=r", "", "", 404);
        of("diff odd", "GET", path + "1/diff/x", "", "", 404);
        String publish = "/models/add/versions";
        of("source absent", "POST", publish, AS_JSON, "{}", 422);
        of("source up", "POST", publish, AS_JSON, "{\"source\":\"file:../../etc/passwd\"}", 422);
        of("source other", "POST", publish, AS_JSON, "{\"source\":\"file:broken/1\"}", 422);
        of("source unknown", "POST", publish, AS_JSON, "{\"source\":\"file:add/9\"}", 422);
        of("source a URL", "POST", publish, AS_JSON, "{\"source\":\"http://localhost/\"}", 422);
    }

    private void uploads() {
        String type = "Content-Type: multipart/form-data; boundary=b\r\n";
        String path = "/models/add/versions";
        String file = part("model\"; filename=\"m.onnx", "no model at all");
        of("no model", "POST", path, type, file + "--b--\r\n", 409);
        of("no model, dry", "POST", path + "?dry_run=1", type, file + "--b--\r\n", 409);
        of("new model, none", "POST", "/models/fresh/versions", type, file + "--b--\r\n", 409);
        of("cut upload", "POST", path, type, file, 400);
        of("cut file", "POST", path, type, file.substring(0, file.length() - 20), 400);
        of("nothing", "POST", path, type, "", 400);
        of("only the end", "POST", path, type, "--b--\r\n", 422);
        of("no boundary", "POST", path, "Content-Type: multipart/form-data\r\n", file, 400);
        of("other boundary", "POST", path, type, file.replace("--b", "--c") + "--c--\r\n", 400);
        of("model a field", "POST", path, type, part("model", "x") + "--b--\r\n", 422);
        of("model twice", "POST", path, type, file + file + "--b--\r\n", 400);
        of("unknown part", "POST", path, type, file + part("colour", "x") + "--b--\r\n", 422);
        of("version odd", "POST", path, type, file + part("version", "new") + "--b--\r\n", 422);
        of("version taken", "POST", path, type, file + part("version", "1") + "--b--\r\n", 409);
        of("labels odd", "POST", path, type, file + part("labels", "[1]") + "--b--\r\n", 422);
        of(
                "long note",
                "POST",
                path,
                type,
                file + part("note", "x".repeat(2_001)) + "--b--\r\n",
                422);
        of("many parts", "POST", path, type, part("note", "x").repeat(40) + "--b--\r\n", 400);
        of("bad name", "POST", "/models/.hidden/versions", type, file + "--b--\r\n", 422);
    }

    private static String part(String name, String text) {
        return "--b\r\nContent-Disposition: form-data; name=\""
                + name
                + "\"\r\n\r\n"
                + text
                + "\r\n";
    }

    @Test
    void badInputIsRefusedWithAllItsFaultsAndChangesNothing() throws Exception {
        documents();
        texts();
        heads();
        paths();
        versions();
        uploads();
        List<String> before = disk();
        List<String> wrong = new ArrayList<>();
        for (Case each : cases) {
            HttpCaller.Answer answer;
            try {
                answer = send(each.method(), each.path(), each.headers(), each.body());
            } catch (IOException e) {
                wrong.add(each.name() + ": " + e);
                continue;
            }
            judge(each, answer, wrong);
            HttpCaller.Answer good = send("GET", ROUTE, "", "");
            if (good.status() != 200 || !revision.equals(good.headers().get("etag"))) {
                wrong.add(each.name() + ": the route is " + good.text());
            }
            if (!before.equals(disk())) {
                wrong.add(each.name() + ": left on the disk " + disk());
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(cases.size() >= 100, cases.size() + " cases");
    }

    private static void judge(Case asked, HttpCaller.Answer answer, List<String> wrong) {
        String text = asked.name() + ": " + answer.status() + " " + answer.text();
        if (answer.status() != asked.status()
                || !"application/problem+json".equals(answer.headers().get("content-type"))) {
            wrong.add(text);
            return;
        }
        JsonNode problem = JSON.readTree(answer.body());
        boolean isWhole =
                problem.path("status").asInt() == asked.status()
                        && problem.path("type").asString("").startsWith("/docs/errors#")
                        && !problem.path("request_id").asString("").isEmpty()
                        && (asked.status() != 422 || !problem.path("errors").isEmpty());
        List<String> pointers = new ArrayList<>();
        problem.path("errors").forEach(fault -> pointers.add(fault.path("pointer").asString("")));
        boolean isTold =
                asked.faults().isEmpty()
                        || pointers.containsAll(List.of(asked.faults().split(" ", -1)));
        if (!isWhole || !isTold) {
            wrong.add(text);
        }
    }

    // What the server keeps of its own: not the audit log, which tells of refused changes, too.
    private static List<String> disk() throws IOException {
        List<String> all = new ArrayList<>();
        for (String folder : List.of("models", "uploads", "control")) {
            try (Stream<Path> files = Files.walk(data.resolve(folder))) {
                files.sorted().forEach(each -> all.add(data.relativize(each).toString()));
            }
        }
        return all;
    }
}

package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What an operator set is there again after the process was killed. */
@Timeout(120)
final class RouteRestartTest {
    private static final String ROUTE =
            "{\"arms\":[{\"version\":\"1\",\"role\":\"stable\",\"weight\":50},"
                    + "{\"version\":\"2\",\"role\":\"canary\",\"weight\":50}],"
                    + "\"salt\":\"s-1\",\"reason\":\"half\"}";

    @TempDir Path folder;

    private ServerProcess start() throws Exception {
        return ServerProcess.start(
                folder.resolve("models"),
                List.of(),
                "--data",
                folder.resolve("data").toString(),
                "--poll",
                "20ms",
                "--drain",
                "0s");
    }

    @Test
    void aRouteSurvivesAKillAndAVersionThatIsGoneKeepsItsPlace() throws Exception {
        Store store = new Store(Files.createDirectories(folder.resolve("models")));
        store.publishAdd("add", 1);
        store.publishAdd("add", 2);
        try (ServerProcess server = start();
                AdminCaller admin = new AdminCaller(server.adminPort())) {
            AdminCaller.Answer answer = admin.put("/routes/add", "\"r0\"", ROUTE);
            assertEquals(200, answer.status(), answer.body().toString());
            server.kill();
        }
        try (ServerProcess server = start();
                AdminCaller admin = new AdminCaller(server.adminPort())) {
            AdminCaller.Answer route = admin.get("/routes/add");
            assertEquals("\"r1\"", route.etag());
            assertEquals("half", route.body().path("last_change").path("reason").asString(""));
            assertEquals(List.of("stable", "canary"), arms(server, 200));
            JsonNode audit = admin.get("/audit").body().path("entries").path(0);
            assertEquals("applied", audit.path("outcome").path("result").asString(""));
            server.kill();
        }
        store.remove("add", 2);
        try (ServerProcess server = start();
                AdminCaller admin = new AdminCaller(server.adminPort())) {
            JsonNode canary = admin.get("/routes/add").body().path("arms").path(1);
            assertEquals(50, canary.path("weight").asInt());
            assertEquals("missing", canary.path("state").asString(""), canary.toString());
            assertTrue(canary.path("reason").asString("").contains("not in the store"));
            assertEquals(List.of("stable"), arms(server, 50));
        }
    }

    /** The arms that so many requests met, stable first. */
    private static List<String> arms(ServerProcess server, int requests) throws Exception {
        boolean isStable = false;
        boolean isCanary = false;
        try (HttpCaller caller = new HttpCaller(server.httpPort())) {
            for (int i = 0; i < requests; i++) {
                HttpCaller.Answer answer = caller.inferBinary("/v2/models/add/infer", 1, 2, 3, 4);
                assertEquals(200, answer.status());
                String route = answer.headers().get("penstock-route");
                isStable |= route.equals("r1; arm=stable");
                isCanary |= route.equals("r1; arm=canary");
            }
        }
        if (isStable && isCanary) {
            return List.of("stable", "canary");
        }
        return List.of(isStable ? "stable" : isCanary ? "canary" : "none");
    }
}

package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.access.AccessSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What explain says is what predictions then meet. */
@Timeout(120)
final class ExplainTest {
    private static final String INPUT =
            "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":[1,1,1,1]}]";

    @TempDir Path models;
    @TempDir Path data;
    private final HttpClient client = HttpClient.newHttpClient();
    private Gateway gateway;
    private AdminCaller admin;

    @BeforeEach
    void open() throws Exception {
        new Store(models).publishAdd("m", 1);
        new Store(models).publishAdd("m", 2);
        gateway = Gateways.start(models, data, AccessSettings.DEFAULT);
        admin = new AdminCaller(gateway.adminAddress().getPort());
        String document =
                "{\"arms\":[{\"version\":\"1\",\"role\":\"stable\",\"weight\":60},"
                        + "{\"version\":\"2\",\"role\":\"canary\",\"weight\":40}],"
                        + "\"key\":{\"header\":\"x-user-id\"},\"salt\":\"s\","
                        + "\"rules\":[{\"header\":\"x-beta\",\"equals\":\"1\",\"arm\":\"canary\"},"
                        + "{\"parameter\":\"tier\",\"equals\":\"gold\",\"version\":\"1\"}],"
                        + "\"reason\":\"r\"}";
        AdminCaller.Answer set = admin.put("/routes/m", "*", document);
        assertEquals(200, set.status(), set.body().toString());
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        admin.close();
        gateway.stop();
    }

    /** Arm and rule as an answer to a prediction names them. */
    private HttpResponse<String> predict(String parameters, String... headers)
            throws IOException, InterruptedException {
        String base = "http://127.0.0.1:" + gateway.httpAddress().getPort();
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(base + "/v2/models/m/infer"))
                        .POST(BodyPublishers.ofString(INPUT + parameters + "}"));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private JsonNode explain(String question) throws IOException, InterruptedException {
        AdminCaller.Answer answer = admin.post("/routes/m:explain", "*", question);
        assertEquals(200, answer.status(), answer.body().toString());
        return answer.body();
    }

    private static void assertSame(JsonNode explained, HttpResponse<String> predicted) {
        assertEquals(200, predicted.statusCode(), predicted.body());
        String route = predicted.headers().firstValue("penstock-route").orElseThrow();
        String arm = explained.path("arm").asString("");
        assertEquals(true, route.contains("arm=" + arm), route + " is not " + explained);
        String version = explained.path("version").asString("");
        assertEquals(
                true,
                predicted.body().contains("\"model_version\":\"" + version + "\""),
                predicted.body() + " is not " + explained);
    }

    @Test
    void keysRulesAndIdsMeetTheArmThatIsExplained() throws Exception {
        for (int i = 0; i < 50; i++) {
            String user = "user-" + i;
            HttpResponse<String> answer = predict("", "x-user-id", user);
            assertSame(explain("{\"key\":\"" + user + "\"}"), answer);
            assertSame(explain("{\"headers\":{\"X-User-Id\":\"" + user + "\"}}"), answer);
            HttpResponse<String> byId = predict("");
            String id = byId.headers().firstValue("penstock-prediction-id").orElseThrow();
            assertSame(explain("{\"prediction_id\":\"" + id + "\"}"), byId);
        }
        assertSame(explain("{\"headers\":{\"x-beta\":\"1\"}}"), predict("", "x-beta", "1"));
        assertSame(
                explain("{\"parameters\":{\"tier\":\"gold\"}}"),
                predict(",\"parameters\":{\"tier\":\"gold\"}"));
    }

    @Test
    void aKeysPositionIsTheOneThatAnyoneCanCompute() throws Exception {
        JsonNode said = explain("{\"key\":\"user-17\"}");
        // Python: int(hashlib.sha256(b"s|user-17").hexdigest()[:13], 16) / 2**52
        assertEquals("0.803770455650", said.path("position").toString().substring(0, 14));
        assertEquals("8037", said.path("bucket").toString());
        assertEquals(40, said.path("thresholds").path(0).path("below").asInt());
    }
}

package dev.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RouteEditTest {
    private static RouteEdit edit(String arms, String rest) {
        return new RouteEdit(
                Json.MAPPER.readTree(
                        "{\"model\":\"m\",\"revision\":\"r7\",\"arms\":["
                                + arms
                                + "]"
                                + rest
                                + "}"));
    }

    private static String arm(String name, int version, String role, int weight) {
        return "{\"name\":\"%s\",\"version\":\"%d\",\"role\":\"%s\",\"weight\":%d,\"state\":\"ready\"}"
                .formatted(name, version, role, weight);
    }

    /** {@code name:version=weight}, in order. */
    private static String shown(JsonNode document) {
        StringBuilder text = new StringBuilder();
        for (JsonNode arm : document.path("arms")) {
            text.append(arm.path("name").asString(arm.path("role").asString("")))
                    .append(':')
                    .append(arm.path("version").asString(""))
                    .append('=')
                    .append(arm.path("weight").asString(""))
                    .append(' ');
        }
        return text.toString().strip();
    }

    @Test
    void whatIsMissingToAHundredGoesToStable() {
        RouteEdit edit = edit(arm("stable", 1, "stable", 100), "");
        assertEquals("stable:1=90 canary:2=10", shown(edit.with(List.of("2=10"), null)));
    }

    @Test
    void canariesKeepTheirOrderHoweverTheyAreTyped() {
        RouteEdit edit =
                edit(
                        arm("stable", 1, "stable", 80)
                                + ","
                                + arm("canary", 2, "canary", 10)
                                + ","
                                + arm("late", 3, "canary", 10),
                        "");
        assertEquals(
                "stable:1=70 canary:2=10 late:3=20",
                shown(edit.with(List.of("3=20", "2=10", "1=70"), null)));
    }

    @Test
    void armsStayAsTheyAreWhenOnlySomethingElseIsSet() {
        String arms =
                arm("champion", 1, "stable", 60)
                        + ","
                        + arm("a", 2, "canary", 20)
                        + ","
                        + arm("b", 2, "canary", 20);
        assertEquals("champion:1=60 a:2=20 b:2=20", shown(edit(arms, "").with(List.of(), null)));
    }

    @Test
    void aNameOfTheStableArmAndItsRulesStay() {
        RouteEdit edit =
                edit(
                        arm("champion", 1, "stable", 100),
                        ",\"rules\":[{\"header\":\"x\",\"equals\":\"1\",\"arm\":\"champion\"}]");
        JsonNode document = edit.with(List.of("2=10"), null);
        assertEquals("champion:1=90 canary:2=10", shown(document));
        assertEquals(1, document.path("rules").size());
    }

    @Test
    void aRuleThatGoesIsSaid() {
        RouteEdit edit =
                edit(
                        arm("stable", 1, "stable", 90) + "," + arm("canary", 2, "canary", 10),
                        ",\"rules\":[{\"header\":\"x\",\"equals\":\"1\",\"arm\":\"canary\"}]");
        JsonNode document = edit.promoted();
        assertEquals("stable:2=100", shown(document));
        assertTrue(
                edit.plan(document).stream()
                        .anyMatch(
                                line -> line.contains("(gone)") && line.contains("header x = 1")));
    }
}

package dev.penstock.app;

import dev.penstock.control.VersionView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * The list of models as operators read it: every known version with its state and the reason for
 * it.
 */
final class ModelsJson {
    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .build();

    private record Models(List<Model> models) {}

    private record Model(String name, List<VersionView> versions) {}

    private ModelsJson() {}

    static String of(List<VersionView> versions) {
        Map<String, List<VersionView>> byModel = new LinkedHashMap<>();
        for (VersionView version : versions) {
            byModel.computeIfAbsent(version.model(), name -> new ArrayList<>()).add(version);
        }
        List<Model> models = new ArrayList<>();
        byModel.forEach((name, each) -> models.add(new Model(name, each)));
        return JSON.writeValueAsString(new Models(models));
    }
}

package dev.penstock.admin;

import dev.penstock.control.Reconciler;
import dev.penstock.control.VersionView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Models and their versions: shown. */
public final class ModelAdmin {
    private final Reconciler reconciler;

    /** Every model that is known. */
    public record Models(List<ModelView> models) {}

    /** One model with its versions. */
    public record ModelView(String name, List<VersionView> versions) {}

    public ModelAdmin(Reconciler reconciler) {
        this.reconciler = reconciler;
    }

    Models list() {
        Map<String, List<VersionView>> byModel = new LinkedHashMap<>();
        for (VersionView version : reconciler.versions()) {
            byModel.computeIfAbsent(version.model(), name -> new ArrayList<>()).add(version);
        }
        List<ModelView> models = new ArrayList<>();
        byModel.forEach((name, each) -> models.add(new ModelView(name, each)));
        return new Models(models);
    }
}

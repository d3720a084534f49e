package dev.penstock.admin;

import dev.penstock.access.Right;
import dev.penstock.admin.Endpoint.About;
import dev.penstock.serving.ShadowReport;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** What shadows came to, shown. */
public final class ShadowAdmin {
    private final ModelAdmin models;
    private final Supplier<List<ShadowReport>> reports;

    /**
     * @param reports of all models, as of now
     */
    public ShadowAdmin(ModelAdmin models, Supplier<List<ShadowReport>> reports) {
        this.models = models;
        this.reports = reports;
    }

    void endpoints(List<Endpoint> all) {
        all.add(
                Endpoint.read(
                        "/models/{m}/shadows",
                        About.of(
                                "Compare what shadows answered with what callers got",
                                ShadowView.Shadows.class),
                        (request, parts) ->
                                AdminResponse.ok(of(parts.getFirst(), request.rights()))));
    }

    private ShadowView.Shadows of(String model, Set<Right> rights) {
        // Refuses a model that nobody knows.
        String known = models.get(model).name();
        return new ShadowView.Shadows(
                reports.get().stream()
                        .filter(report -> report.model().equals(known))
                        .map(report -> ShadowView.of(report, rights))
                        .toList());
    }
}

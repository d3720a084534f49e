package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.admin.VersionDetail.TensorView;
import dev.penstock.control.DesiredState;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.VersionSpec;
import dev.penstock.control.VersionView;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.LiveVersion;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.tensor.TensorSpec;
import java.math.BigDecimal;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Models and their versions: shown. */
public final class ModelAdmin {
    private final Reconciler reconciler;
    private final InferenceService service;
    private final RouteViews routes;

    /** Models of a page. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Models(List<ModelView> models, @Nullable String next) {}

    /**
     * One model with its versions.
     *
     * @param follows whether traffic follows the newest version, because there is no route
     * @param inputs of what serves; null when nothing is ready
     * @param outputs of what serves; null when nothing is ready
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ModelView(
            String name,
            boolean follows,
            String routeRevision,
            List<VersionDetail> versions,
            @Nullable List<TensorView> inputs,
            @Nullable List<TensorView> outputs) {}

    /** The versions of a model. */
    public record Versions(List<VersionDetail> versions) {}

    public ModelAdmin(Reconciler reconciler, InferenceService service, RouteViews routes) {
        this.reconciler = reconciler;
        this.service = service;
        this.routes = routes;
    }

    Models list(Paging paging) {
        Paging.Page<String> page =
                paging.of(
                        List.copyOf(Names.models(reconciler, reconciler.desired())), name -> name);
        return new Models(page.items().stream().map(this::view).toList(), page.next());
    }

    /**
     * One model.
     *
     * @throws AdminException when there is none of that name
     */
    ModelView get(String model) {
        Names.check(model, Names.models(reconciler, reconciler.desired()));
        return view(model);
    }

    private ModelView view(String model) {
        DesiredState desired = reconciler.desired();
        ModelSpec spec = desired.model(model);
        LiveVersion main = main(service.table().models().get(model));
        return new ModelView(
                model,
                spec.route() == null,
                "r" + spec.routeRevision(),
                details(model, spec),
                main == null ? null : tensors(main.info().signature().inputs()),
                main == null ? null : tensors(main.info().signature().outputs()));
    }

    private static @Nullable LiveVersion main(@Nullable ServedModel served) {
        if (served == null) {
            return null;
        }
        return served.route() == null
                ? served.current()
                : served.versions().get(served.route().route().stable().version());
    }

    Versions versions(String model) {
        return new Versions(get(model).versions());
    }

    /**
     * One version.
     *
     * @throws AdminException when there is none
     */
    VersionDetail version(VersionId id) {
        return details(id.model(), reconciler.desired().model(id.model())).stream()
                .filter(each -> each.version().equals(Long.toString(id.number())))
                .findFirst()
                .orElseThrow(() -> AdminException.notFound("there is no version " + id));
    }

    private List<VersionDetail> details(String model, ModelSpec spec) {
        List<RouteView.ArmView> arms = routes.of(model, spec).arms();
        ServedModel served = service.table().models().get(model);
        List<VersionDetail> all = new ArrayList<>();
        for (VersionView version : reconciler.versions()) {
            if (version.model().equals(model)) {
                LiveVersion live = served == null ? null : served.versions().get(version.version());
                all.add(detail(version, spec, arms, live));
            }
        }
        return all;
    }

    private static VersionDetail detail(
            VersionView version,
            ModelSpec spec,
            List<RouteView.ArmView> arms,
            @Nullable LiveVersion live) {
        String number = Long.toString(version.version());
        VersionSpec wanted = spec.versions().getOrDefault(version.version(), VersionSpec.NONE);
        List<RouteView.ArmView> mine =
                arms.stream().filter(arm -> arm.version().equals(number)).toList();
        boolean isRouted =
                spec.route() == null
                        ? !mine.isEmpty()
                        : spec.route().versions().contains(version.version());
        return new VersionDetail(
                version.model(),
                number,
                version.state(),
                version.step(),
                version.reason(),
                version.remedy(),
                version.since() == null
                        ? null
                        : version.since().truncatedTo(ChronoUnit.MILLIS).toString(),
                version.digest(),
                version.bytes() == 0 ? null : version.bytes(),
                version.execution(),
                version.executionReason(),
                live == null ? null : live.info().independence().label(),
                desired(wanted),
                sum(mine, RouteView.ArmView::weight),
                sum(mine, RouteView.ArmView::observed),
                mine.stream().map(RouteView.ArmView::name).toList(),
                isRouted,
                wanted.note(),
                wanted.labels(),
                live == null ? null : tensors(live.info().signature().inputs()),
                live == null ? null : tensors(live.info().signature().outputs()),
                null);
    }

    static String desired(VersionSpec wanted) {
        return wanted.isLoadWanted() == null
                ? "policy"
                : wanted.isLoadWanted() ? "loaded" : "unloaded";
    }

    private static @Nullable BigDecimal sum(
            List<RouteView.ArmView> arms, Function<RouteView.ArmView, @Nullable BigDecimal> part) {
        BigDecimal sum = null;
        for (RouteView.ArmView arm : arms) {
            BigDecimal each = part.apply(arm);
            if (each != null) {
                sum = sum == null ? each : sum.add(each);
            }
        }
        return sum;
    }

    static List<TensorView> tensors(List<TensorSpec> specs) {
        List<TensorView> views = new ArrayList<>();
        for (TensorSpec spec : specs) {
            List<Long> dims = new ArrayList<>();
            for (int i = 0; i < spec.shape().rank(); i++) {
                dims.add(spec.shape().dim(i));
            }
            views.add(new TensorView(spec.name(), spec.type().name(), dims));
        }
        return views;
    }
}

package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.control.Reconciler;
import dev.penstock.control.VersionView;
import dev.penstock.serving.InferenceService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks at what an operator would look at when something seems wrong. */
public final class Diagnostics {
    private static final long LOW_BYTES = 1L << 30;
    private static final String OK = "ok";
    private static final String WARN = "warn";
    private static final String FAIL = "fail";

    private final Reconciler reconciler;
    private final InferenceService service;
    private final RouteAdmin routes;
    private final Path data;

    /**
     * One thing that was looked at.
     *
     * @param level {@code ok}, {@code warn} or {@code fail}
     * @param remedy what to do; null when it is well
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Check(String level, String name, String detail, @Nullable String remedy) {}

    /** All of them. */
    public record Checks(List<Check> checks) {}

    /**
     * @param data the server's own folder
     */
    public Diagnostics(
            Reconciler reconciler, InferenceService service, RouteAdmin routes, Path data) {
        this.reconciler = reconciler;
        this.service = service;
        this.routes = routes;
        this.data = data;
    }

    Checks run() {
        List<Check> checks = new ArrayList<>();
        checks.add(
                service.isReady()
                        ? new Check(OK, "ready", "the server takes traffic", null)
                        : new Check(
                                FAIL,
                                "ready",
                                "the server is not ready",
                                "wait for the first loads to end; see the states of versions"));
        versions(checks);
        routes(checks);
        checks.add(
                reconciler.removalGuard()
                        ? new Check(
                                FAIL,
                                "removal-guard",
                                "too many versions are missing from the store at once, so nothing"
                                        + " is unloaded",
                                "mount the store again, or, if they are meant to be gone, send"
                                        + " POST /admin/v1/store:confirm-removal")
                        : new Check(OK, "removal-guard", "nothing is held back", null));
        checks.add(disk());
        return new Checks(checks);
    }

    private void versions(List<Check> checks) {
        List<VersionView> versions = reconciler.versions();
        int failed = 0;
        for (VersionView version : versions) {
            if (version.state().equals("failed")) {
                failed++;
                checks.add(
                        new Check(
                                FAIL,
                                "version",
                                version.model()
                                        + "/"
                                        + version.version()
                                        + " failed at "
                                        + version.step()
                                        + ": "
                                        + version.reason(),
                                version.remedy()));
            }
        }
        if (failed == 0) {
            String detail =
                    versions.isEmpty()
                            ? "there are no models"
                            : versions.size() + " versions are known, none has failed";
            checks.add(
                    versions.isEmpty()
                            ? new Check(WARN, "versions", detail, "publish a model")
                            : new Check(OK, "versions", detail, null));
        }
    }

    private void routes(List<Check> checks) {
        int lame = 0;
        for (RouteView route : routes.list()) {
            for (RouteView.ArmView arm : route.arms()) {
                if (!arm.state().equals("ready")) {
                    lame++;
                    checks.add(
                            new Check(
                                    WARN,
                                    "route",
                                    "arm "
                                            + arm.name()
                                            + " of "
                                            + route.model()
                                            + " is "
                                            + arm.state()
                                            + ": another answers in its place",
                                    "see version " + arm.version() + " of the model"));
                }
            }
        }
        if (lame == 0) {
            checks.add(new Check(OK, "routes", "every arm's version is ready", null));
        }
    }

    private Check disk() {
        try {
            long free = Files.getFileStore(data).getUsableSpace();
            String detail = (free >> 20) + " MiB are free for the data directory";
            return free < LOW_BYTES
                    ? new Check(WARN, "disk", detail, "make room: uploads and logs need it")
                    : new Check(OK, "disk", detail, null);
        } catch (IOException e) {
            return new Check(
                    FAIL,
                    "disk",
                    "the data directory cannot be looked at: " + e.getMessage(),
                    "see that it is there and readable");
        }
    }
}

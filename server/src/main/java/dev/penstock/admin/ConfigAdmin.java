package dev.penstock.admin;

import dev.penstock.access.Right;
import dev.penstock.admin.Configuration.Reload;
import dev.penstock.control.Fault;
import java.util.List;

/** The settings of the server: shown with where each came from, checked, read again. */
public final class ConfigAdmin {
    private final Configuration configuration;
    private final Changes changes;

    /** Every setting in force. */
    record Settings(List<Configuration.Setting> settings) {}

    /** Whether the settings could be used, were they read now. */
    record Checked(boolean ok, List<Configuration.Finding> findings) {}

    public ConfigAdmin(Configuration configuration, Changes changes) {
        this.configuration = configuration;
        this.changes = changes;
    }

    void endpoints(List<Endpoint> all) {
        all.add(
                Endpoint.of(
                        "GET",
                        "/config",
                        Right.ADMIN,
                        Endpoint.About.of("Show the settings and their origins", Settings.class),
                        (request, parts) ->
                                AdminResponse.ok(new Settings(configuration.settings()))));
        all.add(
                Endpoint.of(
                        "POST",
                        "/config:check",
                        Right.ADMIN,
                        Endpoint.About.of("Check the settings as they stand now", Checked.class),
                        (request, parts) -> AdminResponse.ok(check())));
        all.add(
                Endpoint.change(
                        "POST",
                        "/config:reload",
                        Endpoint.About.of("Read the settings again", Reload.class, Query.DRY_RUN)
                                .takes(Reason.class),
                        (request, parts) -> AdminResponse.ok(reload(request))));
    }

    private Checked check() {
        Reload look = configuration.look();
        return new Checked(look.isUsable(), look.findings());
    }

    private Reload reload(AdminRequest request) throws InterruptedException {
        String reason = AdminJson.read(request, Reason.class).reason();
        Reasons.require(reason, "/reason");
        Reload look = configuration.look();
        if (!look.isUsable()) {
            throw AdminException.invalid(
                    look.findings().stream()
                            .map(each -> new Fault(each.at(), each.key() + ": " + each.message()))
                            .toList());
        }
        if (request.isDryRun()) {
            return new Reload(look.findings(), look.changes(), true);
        }
        changes.make(
                new AuditChange(
                        request.actor(),
                        "config.reload",
                        AuditTarget.SERVER,
                        null,
                        look.changes(),
                        String.valueOf(reason)),
                () -> {
                    configuration.reload();
                    return Changes.Made.of(changes.wanted().revision());
                });
        return look;
    }
}

package dev.penstock.telemetry;

/**
 * The names of all meters of ours, as Prometheus shows them without suffix.
 * docs/reference/metrics.md has a line for each.
 */
public enum MeterName {
    REQUESTS("penstock.requests", "predictions by outcome"),
    REQUEST_DURATION(
            "penstock.request.duration", "from a complete request to its answer in the socket"),
    PHASE_DURATION("penstock.phase.duration", "time of one phase of a prediction"),
    QUEUE_DEPTH("penstock.queue.depth", "predictions that wait for a run"),
    INFLIGHT("penstock.inflight", "predictions accepted and not answered yet"),
    MODEL_INFO("penstock.model.info", "1 for each loaded version, with what it is"),
    MODEL_STATE("penstock.model.state", "1 for the state that a version is in, 0 for the others"),
    MODEL_LOAD_DURATION(
            "penstock.model.load.duration", "from the start of a load to ready, of the last load"),
    MODEL_BYTES("penstock.model.bytes", "size of the model's files"),
    ROUTE_REVISION("penstock.route.revision", "revision of the model's route"),
    ROUTE_WEIGHT("penstock.route.weight", "share of the traffic that was set, in percent"),
    ROUTE_OBSERVED_RATIO(
            "penstock.route.observed.ratio",
            "share of the requests since the route's revision took effect, 0 to 1"),
    REFUSED("penstock.refused", "what listeners turned away, by the limit that it was for"),
    ADMIN_REQUESTS("penstock.admin.requests", "requests of operators by what was asked"),
    AUDIT_EVENTS("penstock.audit.events", "changes by what became of them"),
    AUDIT_FAILING(
            "penstock.audit.failing",
            "1 while the audit log cannot be written, and changes are refused"),
    REMOVAL_GUARD(
            "penstock.removal.guard",
            "1 while versions vanished from the store in bulk and are kept"),
    SHADOW_PAIRS("penstock.shadow.pairs", "predictions due for a shadow, by what came of them"),
    SHADOW_SHED("penstock.shadow.shed", "shadows that were due and not asked, by reason"),
    BUILD_INFO("penstock.build.info", "1, with the versions of what runs"),
    MEMORY_BYTES("penstock.memory.bytes", "native memory in use, by pool"),
    HEAP_ALLOCATED("penstock.heap.allocated", "Java heap allocated by all threads so far");

    private final String id;
    private final String help;

    MeterName(String id, String help) {
        this.id = id;
        this.help = help;
    }

    /** The dotted name; the scrape shows underscores, and a unit or {@code _total} behind it. */
    public String id() {
        return id;
    }

    public String help() {
        return help;
    }
}

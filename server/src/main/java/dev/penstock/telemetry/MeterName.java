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
    LINEAGE_RECORDS("penstock.lineage.records", "records written, once for each of their reasons"),
    LINEAGE_SKIPPED("penstock.lineage.skipped", "records that were due and are not in the log"),
    LINEAGE_RING_USED(
            "penstock.lineage.ring.used.ratio", "how full the ring before the writer is, 0 to 1"),
    LINEAGE_LAST_SEAL(
            "penstock.lineage.last.seal.timestamp", "when the last segment was sealed, since 1970"),
    LINEAGE_WRITE_ERRORS("penstock.lineage.write.errors", "writes and forces that failed"),
    LINEAGE_HEAD_RATE("penstock.lineage.head.rate", "share of all predictions that is kept now"),
    LINEAGE_ACKNOWLEDGED(
            "penstock.lineage.acknowledged.seq", "the last line that survives a loss of power"),
    LINEAGE_ROOM("penstock.lineage.room", "what the disk has room for"),
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

package dev.penstock.app;

import dev.penstock.admin.Actor;
import dev.penstock.admin.AuditChange;
import dev.penstock.admin.AuditTarget;
import dev.penstock.admin.AuditTrail;
import dev.penstock.admin.Configuration;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.lineage.LineageRecorder;
import dev.penstock.lineage.LineageSecret;
import dev.penstock.lineage.LineageSettings;
import dev.penstock.lineage.LineageWriter;
import dev.penstock.lineage.RedactionRule;
import dev.penstock.lineage.RuntimeFacts;
import dev.penstock.lineage.store.DiskFloor;
import dev.penstock.lineage.store.LogSettings;
import dev.penstock.lineage.store.Retention;
import dev.penstock.lineage.store.SigningKey;
import dev.penstock.runtime.Ticker;
import dev.penstock.telemetry.Telemetry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;

/** The lineage log of a server: what its configuration makes of it, and what its audit log sees. */
final class Lineage implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int DIGEST_CHARS = 16;
    private static final long SYNC_BYTES = 1 << 20;
    private static final Actor RETENTION = new Actor("penstock", "retention", "");

    private final LineageSecret secret;
    private final LineageRecorder recorder;
    private final LineageWriter writer;
    private final Path folder;

    /**
     * Opens the keys and the log under the data folder; records nothing before {@link #start}.
     *
     * @param environment from {@link RuntimeDescriptor}
     * @throws IOException if what is there cannot be used
     */
    Lineage(
            GatewayConfig config,
            Configuration configuration,
            String node,
            byte[] environment,
            Ticker ticker,
            InstantSource clock,
            Telemetry telemetry)
            throws IOException {
        Path data = config.data().dir();
        Path keys = data.resolve("keys");
        this.folder = data.resolve("lineage");
        DurableFiles files = DurableFiles.DISK;
        files.makeFolder(folder);
        files.makeFolder(keys);
        this.secret = LineageSecret.openOrMake(files, keys);
        RuntimeFacts facts =
                new RuntimeFacts(
                        UUID.randomUUID().toString(),
                        new String(environment, StandardCharsets.UTF_8),
                        digest(environment),
                        digest(configuration));
        this.recorder =
                new LineageRecorder(settings(config.lineage()), facts, ticker, clock, telemetry);
        this.writer =
                new LineageWriter(
                        recorder,
                        files,
                        folder,
                        log(config.lineage(), node),
                        SigningKey.openOrMake(files, keys),
                        ticker,
                        clock);
    }

    LineageRecorder recorder() {
        return recorder;
    }

    LineageWriter writer() {
        return writer;
    }

    Path folder() {
        return folder;
    }

    /**
     * Begins to write.
     *
     * @param trail is told what retention removes, before it does
     */
    void start(AuditTrail trail) {
        writer.log().onRemoval(removal -> writeDown(trail, removal));
        writer.start();
    }

    /** Puts other shares in force. */
    void reloaded(LineageConfig next, Configuration configuration) {
        recorder.settings(settings(next), digest(configuration));
    }

    @Override
    public void close() {
        writer.close();
    }

    private LineageSettings settings(LineageConfig config) {
        return new LineageSettings(
                config.sample().value(),
                switch (config.payload()) {
                    case FULL -> LineageSettings.Payload.FULL;
                    case HASH -> LineageSettings.Payload.HASH;
                    case NONE -> LineageSettings.Payload.NONE;
                },
                config.canarySample() == null ? null : config.canarySample().value(),
                config.budget().bytes(),
                config.redact().stream().map(Lineage::rule).toList(),
                secret);
    }

    private static RedactionRule rule(LineageConfig.Rule rule) {
        RedactionRule.With with =
                switch (rule.with().kind()) {
                    case KEEP -> RedactionRule.With.KEEP;
                    case DROP -> RedactionRule.With.DROP;
                    case HMAC -> RedactionRule.With.HMAC;
                    case ROUND -> RedactionRule.With.ROUND;
                };
        return new RedactionRule(
                rule.model(), rule.input(), rule.column(), with, rule.with().digits());
    }

    private LogSettings log(LineageConfig config, String node) throws IOException {
        Journal.Sync sync =
                switch (config.sync()) {
                    case INTERVAL -> Journal.Sync.INTERVAL;
                    case ALWAYS -> Journal.Sync.ALWAYS;
                    case NEVER -> Journal.Sync.NEVER;
                };
        long floorBytes =
                Math.min(
                        config.diskFloor().bytes(),
                        Files.getFileStore(folder).getTotalSpace() / 10);
        return new LogSettings(
                new Journal.Settings(node, sync, config.syncInterval().toNanos(), SYNC_BYTES),
                config.seal().bytes().bytes(),
                config.seal().age().toNanos(),
                new Retention(
                        Duration.ofDays(config.retention().days()),
                        config.retention().size().bytes(),
                        longer(
                                config.retention().manifests(),
                                Duration.ofDays(config.retention().days()))),
                DiskFloor.of(folder, floorBytes));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    private static void writeDown(AuditTrail trail, Retention.Removal removal) {
        Map<String, Object> gone = new LinkedHashMap<>();
        gone.put("what", removal.isOfManifests() ? "manifests" : "segments");
        gone.put("names", removal.segments());
        gone.put("first_seq", removal.firstSeq());
        gone.put("last_seq", removal.lastSeq());
        gone.put("bytes", removal.bytes());
        String reason =
                removal.reason() == Retention.Reason.AGE
                        ? "older than they are kept"
                        : "more than may be kept";
        try {
            long intent =
                    trail.intent(
                            new AuditChange(
                                    RETENTION,
                                    "lineage.retention",
                                    AuditTarget.SERVER,
                                    gone,
                                    null,
                                    reason));
            trail.applied(intent, 0);
        } catch (IOException e) {
            throw new UncheckedIOException("the audit log cannot be written", e);
        }
    }

    /** Of the settings in force, by path; secrets stand in them by name. */
    private static String digest(Configuration configuration) {
        Map<String, Object> settings = new TreeMap<>();
        for (Configuration.Setting each : configuration.settings()) {
            settings.put(each.key(), each.value());
        }
        return digest(JSON.writeValueAsBytes(settings));
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(sha256).substring(0, DIGEST_CHARS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}

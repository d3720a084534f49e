package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Origin;
import dev.penstock.config.ReadConfig;
import dev.penstock.config.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.CoreSchema;
import tools.jackson.databind.json.JsonMapper;

/** The sample file and the schema that are shipped. */
final class SampleConfigTest {
    private static final Path BASE = Path.of(System.getProperty("penstock.basedir"), "config");
    private static final Path SAMPLE = BASE.resolve("penstock.yaml");
    private static final Path SCHEMA = BASE.resolve("penstock.schema.json");

    private final ConfigReader<GatewayConfig> reader = GatewayConfig.reader();

    @TempDir private Path folder;

    @Test
    void theSampleIsGoodAndSaysTheDefaults() throws Exception {
        ReadConfig<GatewayConfig> read = reader.read(SAMPLE, Map.of(), Map.of());
        assertEquals(List.of(), read.faults());
        assertEquals(GatewayConfig.DEFAULT, read.orThrow());
    }

    @Test
    void theSampleHoldsEverySettingOrACommentInItsPlace() throws Exception {
        String text = Files.readString(SAMPLE);
        List<String> missing = new ArrayList<>();
        for (Setting setting : reader.read(SAMPLE, Map.of(), Map.of()).settings()) {
            String path = setting.key().path();
            String name = path.substring(path.lastIndexOf('.') + 1);
            boolean isWritten = setting.origin().kind() == Origin.Kind.FILE;
            // What has no default of its own, or another on each machine, is shown as a comment.
            boolean mayBeComment =
                    setting.key().isMachineDependent() || setting.key().defaultValue() == null;
            boolean isComment = text.lines().anyMatch(line -> line.matches(" +# " + name + ": .*"));
            if (mayBeComment ? !isComment || isWritten : !isWritten) {
                missing.add(path);
            }
        }
        assertEquals(List.of(), missing);
    }

    @Test
    void theFirstLineNamesTheSchemaForEditors() throws Exception {
        assertEquals(
                "# yaml-language-server: $schema=./penstock.schema.json",
                Files.readAllLines(SAMPLE).getFirst());
    }

    @Test
    void theSchemaInTheTreeIsThatOfTheRecords() throws Exception {
        assertEquals(
                reader.schema(),
                Files.readString(SCHEMA),
                "write it anew: penstock config schema > config/penstock.schema.json");
    }

    /** A validator that others wrote, on a document as others read it. */
    private static boolean schemaAccepts(String yaml) {
        Schema schema =
                SchemaRegistry.withDialect(Dialects.getDraft7())
                        .getSchema(GatewayConfig.reader().schema());
        Object document =
                new Load(LoadSettings.builder().setSchema(new CoreSchema()).build())
                        .loadFromString(yaml);
        return schema.validate(JsonMapper.builder().build().valueToTree(document)).isEmpty();
    }

    private boolean readerAccepts(String yaml) throws Exception {
        Path file = Files.writeString(folder.resolve("c.yaml"), yaml);
        return reader.read(file, Map.of(), Map.of()).value() != null;
    }

    @Test
    void theSchemaAcceptsWhatTheReaderAccepts() throws Exception {
        assertTrue(schemaAccepts(Files.readString(SAMPLE)));
        for (String good :
                List.of(
                        "{}",
                        "server:\n",
                        "server: {loops: 2, transport: io_uring}",
                        "server: {loops: '${NONE:-3}'}",
                        "log: {level: '${NONE:-warn}'}",
                        "server: {http: {address: '${NONE:-127.0.0.1:1}'}}",
                        "server: {http: {address: '[::1]:8000'}}",
                        "models: {versions: '1,3', poll: 500ms}",
                        "runtime: {execution: {fraud: turn, churn: auto}}",
                        "lineage: {sample: 1, payload: full, seal: {bytes: 1MiB}}",
                        "lineage: {redact: [{model: m, input: x, column: 2, with: 'round:1'}]}",
                        "admin: {auth: {anonymous: []}}")) {
            assertTrue(schemaAccepts(good), good);
            assertTrue(readerAccepts(good), good);
        }
    }

    @Test
    void theSchemaRefusesWhatTheReaderRefuses() throws Exception {
        for (String bad :
                List.of(
                        "sever: {}",
                        "server: {http: {adress: 'a:1'}}",
                        "server: {http: {address: 8000}}",
                        "server: {http: {address: nowhere}}",
                        "server: {loops: 0}",
                        "server: {loops: 257}",
                        "server: {loops: many}",
                        "server: {loops: [1]}",
                        "server: {limits: {max-body: 64}}",
                        "server: {limits: {max-body: 64MB}}",
                        "models: {poll: 1}",
                        "models: {poll: fast}",
                        "log: {level: loud}",
                        "log: [info]",
                        "lineage: {sample: 2}",
                        "lineage: {payload: some}",
                        "lineage: {redact: [{model: churn, with: hmac}]}",
                        "lineage: {retention: {days: 0}}",
                        "runtime: {execution: {fraud: fast}}",
                        "admin: {auth: {anonymous: [admin]}}",
                        "admin: {auth: {tokens: hush}}",
                        "admin: {hosts: localhost}")) {
            assertFalse(schemaAccepts(bad), bad);
            assertFalse(readerAccepts(bad), bad);
        }
    }

    @Test
    void aLaterKeyIsRefusedUntilItExists() throws Exception {
        for (String later : List.of("feedback: {}", "audit: {dir: x}", "drift: {}")) {
            assertFalse(readerAccepts(later), later);
        }
    }
}

package dev.penstock.control;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.routing.Route;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * The whole state as bytes: {@code {"revision":7,"crc32c":"8 hex","models":{…}}} and a line feed.
 *
 * <p>The CRC-32C covers the revision in decimal digits, a colon, and the bytes of {@code models} as
 * they are written. A file that does not have its checksum is not read at all.
 */
final class StateFile {
    private static final Pattern START =
            Pattern.compile(
                    "\\{\"revision\":([0-9]{1,18}),\"crc32c\":\"([0-9a-f]{8})\",\"models\":");
    private static final byte[] END = "}\n".getBytes(US_ASCII);
    private static final int MAX_START_BYTES = 80;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Model(
            long routeRevision,
            @Nullable RouteDocument route,
            @Nullable RouteDocument previousRoute,
            @Nullable Hand lastChange,
            @Nullable Map<Long, Version> versions) {}

    private record Hand(String at, String by, String reason) {}

    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    private record Version(
            @Nullable Boolean load, @Nullable String note, @Nullable Map<String, String> labels) {}

    private static final TypeReference<Map<String, Model>> MODELS = new TypeReference<>() {};

    private StateFile() {}

    static byte[] write(DesiredState state) {
        Map<String, Model> byName = new TreeMap<>();
        state.models().forEach((name, spec) -> byName.put(name, model(spec)));
        byte[] models = MAPPER.writeValueAsBytes(byName);
        String start =
                "{\"revision\":"
                        + state.revision()
                        + ",\"crc32c\":\""
                        + checksum(state.revision(), models, 0, models.length)
                        + "\",\"models\":";
        byte[] head = start.getBytes(US_ASCII);
        byte[] file = Arrays.copyOf(head, head.length + models.length + END.length);
        System.arraycopy(models, 0, file, head.length, models.length);
        System.arraycopy(END, 0, file, head.length + models.length, END.length);
        return file;
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException with what is wrong
     */
    static DesiredState read(byte[] file) {
        int startBytes = Math.min(file.length, MAX_START_BYTES);
        Matcher start = START.matcher(new String(file, 0, startBytes, US_ASCII));
        int modelsEnd = file.length - END.length;
        if (!start.lookingAt()
                || modelsEnd < start.end()
                || !Arrays.equals(file, modelsEnd, file.length, END, 0, END.length)) {
            throw new IllegalArgumentException("it is not whole");
        }
        long revision = Long.parseLong(start.group(1));
        int from = start.end();
        if (!checksum(revision, file, from, modelsEnd - from).equals(start.group(2))) {
            throw new IllegalArgumentException("its checksum is wrong");
        }
        try {
            return state(
                    revision, MAPPER.readValue(Arrays.copyOfRange(file, from, modelsEnd), MODELS));
        } catch (JacksonException | DateTimeParseException e) {
            throw new IllegalArgumentException("it is not a state of this release", e);
        }
    }

    private static String checksum(long revision, byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update((revision + ":").getBytes(US_ASCII));
        crc.update(bytes, from, length);
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }

    private static Model model(ModelSpec spec) {
        Map<Long, Version> versions = new TreeMap<>();
        spec.versions()
                .forEach((number, each) ->
                        versions.put(
                                number,
                                new Version(each.isLoadWanted(), each.note(), each.labels())));
        Change change = spec.lastChange();
        return new Model(
                spec.routeRevision(),
                document(spec.route()),
                document(spec.previousRoute()),
                change == null
                        ? null
                        : new Hand(change.at().toString(), change.by(), change.reason()),
                versions.isEmpty() ? null : versions);
    }

    private static @Nullable RouteDocument document(@Nullable Route route) {
        return route == null ? null : RouteDocument.of(route);
    }

    private static DesiredState state(long revision, Map<String, Model> models) {
        Map<String, ModelSpec> specs = new HashMap<>();
        models.forEach((name, model) -> specs.put(name, spec(name, model)));
        return new DesiredState(revision, specs);
    }

    private static ModelSpec spec(String name, Model model) {
        Map<Long, VersionSpec> versions = new HashMap<>();
        if (model.versions() != null) {
            model.versions().forEach((number, each) -> versions.put(number, version(each)));
        }
        Hand hand = model.lastChange();
        return new ModelSpec(
                model.routeRevision(),
                route(name, model.route()),
                route(name, model.previousRoute()),
                hand == null
                        ? null
                        : new Change(Instant.parse(hand.at()), hand.by(), hand.reason()),
                versions);
    }

    private static VersionSpec version(Version version) {
        return new VersionSpec(
                version.load(),
                version.note() == null ? "" : version.note(),
                version.labels() == null ? Map.of() : version.labels());
    }

    private static @Nullable Route route(String model, @Nullable RouteDocument document) {
        if (document == null) {
            return null;
        }
        RouteReader.Reading reading = RouteReader.read(document, model);
        if (reading.route() == null) {
            throw new IllegalArgumentException(
                    "the route of " + model + " is wrong: " + reading.faults());
        }
        return reading.route();
    }
}

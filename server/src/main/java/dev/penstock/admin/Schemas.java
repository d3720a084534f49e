package dev.penstock.admin;

import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaBuilder;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.github.victools.jsonschema.module.jackson.JacksonSchemaModule;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import dev.penstock.control.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The form of bodies, made of the records that they become: the same schemas check what comes and
 * describe the API. A component that may be null may be absent; in requests nothing else may be
 * there. Any thread.
 */
final class Schemas {
    private static final SchemaGenerator OF_REQUESTS =
            generator(Option.FORBIDDEN_ADDITIONAL_PROPERTIES_BY_DEFAULT);
    private static final SchemaGenerator OF_ANSWERS =
            generator(Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES);
    private static final SchemaRegistry REGISTRY =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private static final Map<Class<?>, Schema> BY_TYPE = new ConcurrentHashMap<>();

    private Schemas() {}

    private static SchemaGenerator generator(Option option) {
        SchemaGeneratorConfigBuilder config =
                new SchemaGeneratorConfigBuilder(
                                SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON)
                        .with(new JacksonSchemaModule())
                        .with(
                                option,
                                Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES,
                                Option.DEFINITIONS_FOR_ALL_OBJECTS);
        config.forTypesInGeneral()
                .withCustomDefinitionProvider((type, context) ->
                        JsonNode.class.isAssignableFrom(type.getErasedType())
                                ? new CustomDefinition(
                                        context.getGeneratorConfig().createObjectNode(), true)
                                : null);
        config.forFields()
                .withPropertyNameOverrideResolver(field -> snakeCase(field.getName()))
                .withRequiredCheck(Schemas::isRequired);
        return new SchemaGenerator(config.build());
    }

    private static boolean isRequired(FieldScope field) {
        if (field.isFakeContainerItemScope()) {
            return false;
        }
        return field.getRawMember().isAnnotationPresent(Required.class)
                || !field.getRawMember().getAnnotatedType().isAnnotationPresent(Nullable.class);
    }

    private static String snakeCase(String name) {
        return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    /** Collects schemas of bodies under {@code components/schemas}. */
    static SchemaBuilder requests() {
        return OF_REQUESTS.buildMultipleSchemaDefinitions();
    }

    /** Collects schemas of answers under {@code components/schemas}. */
    static SchemaBuilder answers() {
        return OF_ANSWERS.buildMultipleSchemaDefinitions();
    }

    /** All that keeps a body from having the form of that record. */
    static List<Fault> faults(Class<?> type, JsonNode body) {
        Schema schema =
                BY_TYPE.computeIfAbsent(
                        type, each -> REGISTRY.getSchema(OF_REQUESTS.generateSchema(each)));
        List<Fault> faults = new ArrayList<>();
        for (Error error : schema.validate(body)) {
            faults.add(fault(error));
        }
        return faults;
    }

    private static Fault fault(Error error) {
        String at = pointer(error.getInstanceLocation());
        String property = error.getProperty();
        return switch (String.valueOf(error.getKeyword())) {
            case "required" ->
                    new Fault(at + "/" + escaped(String.valueOf(property)), "is missing");
            case "additionalProperties", "unevaluatedProperties" ->
                    new Fault(
                            at + "/" + escaped(String.valueOf(property)),
                            "is no field of this document");
            case "type" -> new Fault(at, "must be of type " + expected(error));
            default -> new Fault(at, String.valueOf(error.getMessage()));
        };
    }

    private static String expected(Error error) {
        JsonNode wanted = error.getSchemaNode();
        return wanted == null
                ? "another"
                : wanted.isString() ? wanted.asString() : wanted.toString();
    }

    private static String pointer(NodePath path) {
        StringBuilder pointer = new StringBuilder();
        for (int i = 0; i < path.getNameCount(); i++) {
            pointer.append('/').append(escaped(String.valueOf(path.getElement(i))));
        }
        return pointer.toString();
    }

    private static String escaped(String name) {
        String cut = name.length() <= 128 ? name : name.substring(0, 128);
        return cut.replace("~", "~0").replace("/", "~1");
    }
}

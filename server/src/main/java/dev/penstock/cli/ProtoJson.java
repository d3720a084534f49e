package dev.penstock.cli;

import com.google.protobuf.ByteString;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferRequest.InferInputTensor;
import dev.penstock.proto.ModelInferRequest.InferRequestedOutputTensor;
import dev.penstock.proto.ModelInferResponse;
import dev.penstock.proto.ModelInferResponse.InferOutputTensor;
import dev.penstock.proto.ModelMetadataResponse;
import dev.penstock.proto.ModelMetadataResponse.TensorMetadata;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.BinaryNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** Translates between the protocol's JSON and its messages. */
final class ProtoJson {
    private ProtoJson() {}

    /**
     * @throws CommandFailure when the body is not a request, or holds what the messages cannot
     */
    static ModelInferRequest request(String model, @Nullable String version, byte[] body) {
        JsonNode json;
        try {
            json = Json.MAPPER.readTree(body);
        } catch (JacksonException e) {
            throw badBody("the body is not JSON: " + e.getOriginalMessage(), null);
        }
        if (!json.path("inputs").isArray()) {
            throw badBody("the body has no array 'inputs'", null);
        }
        ModelInferRequest.Builder request =
                ModelInferRequest.newBuilder()
                        .setModelName(model)
                        .setModelVersion(version == null ? "" : version)
                        .setId(json.path("id").asString(""));
        parameters(json, request::putParameters);
        for (JsonNode input : json.path("inputs")) {
            InferInputTensor.Builder tensor =
                    InferInputTensor.newBuilder()
                            .setName(input.path("name").asString(""))
                            .setDatatype(input.path("datatype").asString(""));
            input.path("shape").forEach(dim -> tensor.addShape(dim.asLong()));
            parameters(input, tensor::putParameters);
            request.addInputs(tensor).addRawInputContents(raw(input));
        }
        for (JsonNode output : json.path("outputs")) {
            InferRequestedOutputTensor.Builder wanted =
                    InferRequestedOutputTensor.newBuilder()
                            .setName(output.path("name").asString(""));
            parameters(output, wanted::putParameters);
            request.addOutputs(wanted);
        }
        return request.build();
    }

    private static void parameters(JsonNode owner, BiConsumer<String, InferParameter> sink) {
        for (Map.Entry<String, JsonNode> each : owner.path("parameters").properties()) {
            JsonNode value = each.getValue();
            InferParameter.Builder parameter = InferParameter.newBuilder();
            if (value.isBoolean()) {
                parameter.setBoolParam(value.booleanValue());
            } else if (value.isIntegralNumber()) {
                parameter.setInt64Param(value.asLong());
            } else if (value.isNumber()) {
                parameter.setDoubleParam(value.asDouble());
            } else {
                parameter.setStringParam(value.asString(""));
            }
            sink.accept(each.getKey(), parameter.build());
        }
    }

    private static ByteString raw(JsonNode input) {
        String name = input.path("name").asString("");
        String datatype = input.path("datatype").asString("");
        ElementType type = ElementType.of(datatype);
        if (type == null) {
            throw badBody("input '" + name + "': the datatype '" + datatype + "' is unknown", null);
        }
        if (!input.path("data").isArray()) {
            throw badBody("input '" + name + "' has no array 'data'", "send such a body over HTTP");
        }
        List<JsonNode> elements = new ArrayList<>();
        leaves(input.path("data"), elements);
        try {
            return type == ElementType.BYTES ? prefixed(elements) : fixed(type, elements);
        } catch (IllegalArgumentException e) {
            throw badBody("input '" + name + "': " + e.getMessage(), null);
        }
    }

    private static void leaves(JsonNode data, List<JsonNode> elements) {
        for (JsonNode each : data) {
            if (each.isArray()) {
                leaves(each, elements);
            } else {
                elements.add(each);
            }
        }
    }

    private static ByteString fixed(ElementType type, List<JsonNode> elements) {
        ByteBuffer raw =
                ByteBuffer.allocate(Math.multiplyExact(elements.size(), type.bytes()))
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (JsonNode each : elements) {
            type.put(each, raw);
        }
        return ByteString.copyFrom(raw.flip());
    }

    private static ByteString prefixed(List<JsonNode> elements) {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        ByteBuffer length = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (JsonNode each : elements) {
            if (!each.isString()) {
                throw new IllegalArgumentException(each + " is not a string");
            }
            byte[] bytes = each.stringValue().getBytes(StandardCharsets.UTF_8);
            raw.writeBytes(length.putInt(0, bytes.length).array());
            raw.writeBytes(bytes);
        }
        return ByteString.copyFrom(raw.toByteArray());
    }

    static ObjectNode metadata(ModelMetadataResponse response) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        json.put("name", response.getName());
        ArrayNode versions = json.putArray("versions");
        response.getVersionsList().forEach(versions::add);
        json.put("platform", response.getPlatform());
        tensors(json.putArray("inputs"), response.getInputsList());
        tensors(json.putArray("outputs"), response.getOutputsList());
        return json;
    }

    private static void tensors(ArrayNode target, List<TensorMetadata> tensors) {
        for (TensorMetadata each : tensors) {
            ObjectNode json = target.addObject();
            json.put("name", each.getName()).put("datatype", each.getDatatype());
            ArrayNode shape = json.putArray("shape");
            each.getShapeList().forEach(shape::add);
        }
    }

    /** An element that is not UTF-8 becomes a {@link BinaryNode}. */
    static ObjectNode response(ModelInferResponse response) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        if (!response.getId().isEmpty()) {
            json.put("id", response.getId());
        }
        json.put("model_name", response.getModelName());
        json.put("model_version", response.getModelVersion());
        parameters(json, response.getParametersMap());
        ArrayNode outputs = json.putArray("outputs");
        if (response.getRawOutputContentsCount() != response.getOutputsCount()) {
            throw malformed("it holds " + response.getRawOutputContentsCount() + " raw tensors");
        }
        for (int i = 0; i < response.getOutputsCount(); i++) {
            InferOutputTensor output = response.getOutputs(i);
            ObjectNode tensor = outputs.addObject();
            tensor.put("name", output.getName()).put("datatype", output.getDatatype());
            ArrayNode shape = tensor.putArray("shape");
            output.getShapeList().forEach(shape::add);
            parameters(tensor, output.getParametersMap());
            data(tensor.putArray("data"), output, response.getRawOutputContents(i));
        }
        return json;
    }

    private static void parameters(ObjectNode owner, Map<String, InferParameter> parameters) {
        if (parameters.isEmpty()) {
            return;
        }
        ObjectNode json = owner.putObject("parameters");
        parameters.forEach((name, value) -> {
            switch (value.getParameterChoiceCase()) {
                case BOOL_PARAM -> json.put(name, value.getBoolParam());
                case INT64_PARAM -> json.put(name, value.getInt64Param());
                case UINT64_PARAM -> json.set(name, ElementType.UINT64.take(bytes(value)));
                case DOUBLE_PARAM -> json.put(name, value.getDoubleParam());
                case STRING_PARAM -> json.put(name, value.getStringParam());
                case PARAMETERCHOICE_NOT_SET -> json.putNull(name);
            }
        });
    }

    private static ByteBuffer bytes(InferParameter value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, value.getUint64Param());
    }

    private static void data(ArrayNode target, InferOutputTensor output, ByteString contents) {
        ElementType type = ElementType.of(output.getDatatype());
        if (type == null) {
            throw malformed("its datatype '" + output.getDatatype() + "' is unknown");
        }
        ByteBuffer raw = contents.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        if (type != ElementType.BYTES) {
            if (raw.remaining() % type.bytes() != 0) {
                throw malformed("output '" + output.getName() + "' ends within an element");
            }
            while (raw.hasRemaining()) {
                target.add(type.take(raw));
            }
            return;
        }
        while (raw.hasRemaining()) {
            int length = raw.remaining() < Integer.BYTES ? -1 : raw.getInt();
            if (length < 0 || length > raw.remaining()) {
                throw malformed("output '" + output.getName() + "' ends within an element");
            }
            byte[] element = new byte[length];
            raw.get(element);
            target.add(text(element));
        }
    }

    private static JsonNode text(byte[] element) {
        try {
            return StringNode.valueOf(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(element))
                            .toString());
        } catch (CharacterCodingException e) {
            return BinaryNode.valueOf(element);
        }
    }

    // The code that a server's refusal of the same body ends with.
    private static CommandFailure badBody(String what, @Nullable String next) {
        return new CommandFailure(ExitCode.REFUSED, what, null, next);
    }

    private static CommandFailure malformed(String why) {
        return new CommandFailure(ExitCode.REFUSED, "the answer cannot be read", why, null);
    }
}

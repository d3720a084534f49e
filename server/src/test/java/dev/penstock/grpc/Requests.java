package dev.penstock.grpc;

import com.google.protobuf.ByteString;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.InferTensorContents;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferRequest.InferInputTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Requests as the generated classes make them. */
final class Requests {
    private Requests() {}

    static InferInputTensor.Builder input(String name, String datatype, long... shape) {
        InferInputTensor.Builder input =
                InferInputTensor.newBuilder().setName(name).setDatatype(datatype);
        for (long dim : shape) {
            input.addShape(dim);
        }
        return input;
    }

    static ByteString floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return ByteString.copyFrom(bytes.flip());
    }

    static ByteString longs(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            bytes.putLong(value);
        }
        return ByteString.copyFrom(bytes.flip());
    }

    /** Length-prefixed elements. */
    static ByteString strings(String... values) {
        ByteString all = ByteString.EMPTY;
        for (String value : values) {
            ByteString text = ByteString.copyFromUtf8(value);
            ByteBuffer length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            all = all.concat(ByteString.copyFrom(length.putInt(text.size()).flip())).concat(text);
        }
        return all;
    }

    /** One raw input X of shape {@code [count]} for a model with the name of the datatype. */
    static ModelInferRequest.Builder raw(String datatype, long count, ByteString data) {
        return ModelInferRequest.newBuilder()
                .setModelName(datatype.toLowerCase(java.util.Locale.ROOT))
                .addInputs(input("X", datatype, count))
                .addRawInputContents(data);
    }

    /** One typed input X of shape {@code [count]} for a model with the name of the datatype. */
    static ModelInferRequest.Builder typed(
            String datatype, long count, InferTensorContents.Builder contents) {
        return ModelInferRequest.newBuilder()
                .setModelName(datatype.toLowerCase(java.util.Locale.ROOT))
                .addInputs(input("X", datatype, count).setContents(contents));
    }

    /** One that every server of these tests answers. */
    static ModelInferRequest.Builder good() {
        return raw("FP32", 2, floats(1.5f, -2f));
    }

    static InferParameter text(String value) {
        return InferParameter.newBuilder().setStringParam(value).build();
    }

    static InferParameter number(long value) {
        return InferParameter.newBuilder().setInt64Param(value).build();
    }
}

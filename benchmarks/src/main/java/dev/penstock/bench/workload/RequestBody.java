package dev.penstock.bench.workload;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The body of an inference request, as clients send it.
 *
 * @param headerBytes length of the JSON header in front of raw tensors; -1 when there is none
 */
public record RequestBody(byte[] bytes, int headerBytes) {
    /** The JSON form: every element as a number. */
    public static RequestBody json(Workload workload) {
        StringBuilder json = new StringBuilder("{\"inputs\":[");
        for (Workload.Input input : workload.inputs()) {
            open(json, input).append(",\"data\":[");
            ByteBuffer data = ByteBuffer.wrap(input.data()).order(ByteOrder.LITTLE_ENDIAN);
            while (data.hasRemaining()) {
                json.append(data.position() == 0 ? "" : ",");
                if (input.type() == DataType.FP32) {
                    json.append(data.getFloat());
                } else {
                    json.append(data.getLong());
                }
            }
            json.append("]}");
        }
        return new RequestBody(ascii(json.append("]}")), -1);
    }

    /** The binary form: a JSON header, then the raw tensors; the answer is asked for raw, too. */
    public static RequestBody binary(Workload workload) {
        StringBuilder json = new StringBuilder("{\"inputs\":[");
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        for (Workload.Input input : workload.inputs()) {
            open(json, input)
                    .append(",\"parameters\":{\"binary_data_size\":")
                    .append(input.data().length)
                    .append("}}");
            raw.writeBytes(input.data());
        }
        byte[] header = ascii(json.append("],\"parameters\":{\"binary_data_output\":true}}"));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(header);
        all.writeBytes(raw.toByteArray());
        return new RequestBody(all.toByteArray(), header.length);
    }

    /** A {@code ModelInferRequest} with raw contents, behind the five bytes of gRPC's framing. */
    public static RequestBody grpc(Workload workload) {
        ProtoBytes message = new ProtoBytes().text(1, workload.model());
        for (Workload.Input input : workload.inputs()) {
            ProtoBytes dims = new ProtoBytes();
            for (int axis = 0; axis < input.shape().rank(); axis++) {
                dims.raw(input.shape().dim(axis));
            }
            message.message(
                    5,
                    new ProtoBytes()
                            .text(1, input.name())
                            .text(2, input.type().name())
                            .message(3, dims));
        }
        for (Workload.Input input : workload.inputs()) {
            message.bytes(7, input.data());
        }
        byte[] body = message.toByteArray();
        ByteBuffer framed = ByteBuffer.allocate(5 + body.length);
        framed.put((byte) 0).putInt(body.length).put(body);
        return new RequestBody(framed.array(), -1);
    }

    private static StringBuilder open(StringBuilder json, Workload.Input input) {
        Shape shape = input.shape();
        json.append(json.charAt(json.length() - 1) == '}' ? "," : "")
                .append("{\"name\":\"")
                .append(input.name())
                .append("\",\"shape\":")
                .append(shape)
                .append(",\"datatype\":\"")
                .append(input.type())
                .append('"');
        return json;
    }

    private static byte[] ascii(StringBuilder json) {
        return json.toString().getBytes(StandardCharsets.US_ASCII);
    }
}

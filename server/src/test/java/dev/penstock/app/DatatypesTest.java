package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.penstock.OnnxModel;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferResponse;
import dev.penstock.tensor.DataType;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every datatype goes through the whole server and the C API bit for bit: an Identity model gives
 * back the bytes it was sent, over HTTP in binary and, where JSON has a form for it, in JSON, and
 * over gRPC.
 */
@Timeout(120)
final class DatatypesTest {
    private static final int ROWS = 64;
    private static final long SEED = 7;

    @Test
    void everyDatatypeIsBitExactOverBothProtocols(@TempDir Path root) throws Exception {
        Store store = new Store(root);
        for (DataType type : DataType.values()) {
            store.publish(model(type), 1, OnnxModel.identity(type, -1, 4));
        }
        Random random = new Random(SEED);
        try (ServerProcess server =
                        ServerProcess.start(root, List.of("-Xmx256m"), "--drain", "0s");
                HttpCaller http = new HttpCaller(server.httpPort())) {
            ManagedChannel channel =
                    NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort())
                            .usePlaintext()
                            .build();
            var stub = GRPCInferenceServiceGrpc.newBlockingStub(channel);
            for (DataType type : DataType.values()) {
                byte[] sent = data(type, random);
                assertArrayEquals(sent, overHttp(http, type, sent), type + " over HTTP");
                assertArrayEquals(sent, overGrpc(stub, type, sent), type + " over gRPC");
            }
            channel.shutdownNow();
            server.terminate();
            assertEquals(0, server.awaitExit(30));
        }
    }

    /**
     * The extremes of each type, by hand from the formats' definitions; JSON gives back the same
     * text.
     */
    @Test
    void extremesSurviveJson(@TempDir Path root) throws Exception {
        Store store = new Store(root);
        Map<DataType, String> values =
                Map.ofEntries(
                        Map.entry(DataType.BOOL, "true,false,true,true"),
                        Map.entry(DataType.UINT8, "0,1,254,255"),
                        Map.entry(DataType.UINT16, "0,1,65534,65535"),
                        Map.entry(DataType.UINT32, "0,1,4294967294,4294967295"),
                        Map.entry(DataType.UINT64, "0,1,9223372036854775808,18446744073709551615"),
                        Map.entry(DataType.INT8, "-128,-1,0,127"),
                        Map.entry(DataType.INT16, "-32768,-1,0,32767"),
                        Map.entry(DataType.INT32, "-2147483648,-1,0,2147483647"),
                        Map.entry(DataType.INT64, "-9223372036854775808,-1,0,9223372036854775807"),
                        Map.entry(DataType.FP32, "NaN,Infinity,-Infinity,-0.0"),
                        Map.entry(DataType.FP64, "NaN,Infinity,-Infinity,-0.0"),
                        Map.entry(DataType.BYTES, "\"\",\"a\",\"\u00e9\u20ac\",\"\ud83d\udc27\""));
        for (DataType type : values.keySet()) {
            store.publish(model(type), 1, OnnxModel.identity(type, -1, 4));
        }
        try (ServerProcess server =
                        ServerProcess.start(root, List.of("-Xmx256m"), "--drain", "0s");
                HttpCaller http = new HttpCaller(server.httpPort())) {
            for (Map.Entry<DataType, String> each : values.entrySet()) {
                String body =
                        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\""
                                + each.getKey()
                                + "\",\"data\":["
                                + each.getValue()
                                + "]}]}";
                String answer = http.post(path(each.getKey()), body).text();
                String data =
                        answer.substring(
                                answer.indexOf("\"data\":[") + 8, answer.lastIndexOf("]}]}"));
                assertEquals(each.getValue(), data, each.getKey() + " in JSON");
            }
        }
    }

    private static String model(DataType type) {
        return "id_" + type.name().toLowerCase(Locale.ROOT);
    }

    private static String path(DataType type) {
        return "/v2/models/" + model(type) + "/infer";
    }

    /**
     * Random bits, so NaN payloads and denormals too; for BYTES strings with NUL and bytes that are
     * not UTF-8.
     */
    private static byte[] data(DataType type, Random random) {
        if (type == DataType.BYTES) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (int i = 0; i < ROWS * 4; i++) {
                byte[] element = new byte[random.nextInt(20)];
                random.nextBytes(element);
                byte[] length =
                        ByteBuffer.allocate(4)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putInt(element.length)
                                .array();
                out.writeBytes(length);
                out.writeBytes(element);
            }
            return out.toByteArray();
        }
        byte[] bits = new byte[ROWS * 4 * type.bytes()];
        random.nextBytes(bits);
        if (type == DataType.BOOL) {
            for (int i = 0; i < bits.length; i++) {
                bits[i] &= 1;
            }
        }
        return bits;
    }

    private static byte[] overHttp(HttpCaller http, DataType type, byte[] sent) throws Exception {
        byte[] json =
                ("{\"inputs\":[{\"name\":\"x\",\"shape\":["
                                + ROWS
                                + ",4],\"datatype\":\""
                                + type
                                + "\",\"parameters\":{\"binary_data_size\":"
                                + sent.length
                                + "}}],\"parameters\":{\"binary_data_output\":true}}")
                        .getBytes(StandardCharsets.US_ASCII);
        byte[] body = Arrays.copyOf(json, json.length + sent.length);
        System.arraycopy(sent, 0, body, json.length, sent.length);
        byte[] head =
                ("POST "
                                + path(type)
                                + " HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: "
                                + json.length
                                + "\r\nContent-Length: "
                                + body.length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        HttpCaller.Answer answer = http.call(head, body);
        assertEquals(200, answer.status(), answer.text());
        int from = Integer.parseInt(answer.headers().get("inference-header-content-length"));
        return Arrays.copyOfRange(answer.body(), from, answer.body().length);
    }

    private static byte[] overGrpc(
            GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub stub,
            DataType type,
            byte[] sent) {
        ModelInferResponse answer =
                stub.modelInfer(
                        ModelInferRequest.newBuilder()
                                .setModelName(model(type))
                                .addInputs(
                                        ModelInferRequest.InferInputTensor.newBuilder()
                                                .setName("x")
                                                .setDatatype(type.name())
                                                .addShape(ROWS)
                                                .addShape(4))
                                .addRawInputContents(ByteString.copyFrom(sent))
                                .build());
        return answer.getRawOutputContents(0).toByteArray();
    }
}

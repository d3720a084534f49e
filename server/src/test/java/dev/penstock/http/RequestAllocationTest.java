package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How much of the heap a request takes, Netty's decoder and the model's fake included. */
class RequestAllocationTest {
    private static final int WARM_UP = 10_000;
    private static final int MEASURED = 5_000;
    private static final long MOST_BYTES = 4 * 1024;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
    private HttpFixture fixture;

    @BeforeEach
    void open() {
        // The search for leaks makes garbage of its own.
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        fixture = new HttpFixture();
    }

    @AfterEach
    void close() {
        fixture.close();
        ResourceLeakDetector.setLevel(level);
    }

    private static byte[] request(String json, byte[] tensor, String header) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        String head =
                "POST /v2/models/fp32/infer HTTP/1.1\r\nHost: localhost:8000\r\n"
                        + header
                        + "Content-Length: "
                        + (json.length() + tensor.length)
                        + "\r\n\r\n";
        all.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(json.getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(tensor);
        return all.toByteArray();
    }

    private long bytesEach(byte[] request) throws Exception {
        long loop = fixture.loops.submit(() -> Thread.currentThread().threadId()).get();
        try (RawClient client = fixture.client()) {
            send(client, request, WARM_UP);
            long before = threads.getThreadAllocatedBytes(loop);
            send(client, request, MEASURED);
            return (threads.getThreadAllocatedBytes(loop) - before) / MEASURED;
        }
    }

    private static void send(RawClient client, byte[] request, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            assertEquals(200, client.send(request).read().status());
        }
    }

    @Test
    void aRequestInTheBinaryFormTakesLittleOfTheHeap() throws Exception {
        String json =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[16],\"datatype\":\"FP32\",\"parameters\":"
                        + "{\"binary_data_size\":64}}],\"parameters\":{\"binary_data_output\":true}}";
        String header = "Inference-Header-Content-Length: " + json.length() + "\r\n";
        long bytes = bytesEach(request(json, new byte[64], header));
        assertTrue(bytes <= MOST_BYTES, bytes + " bytes a request");
    }

    @Test
    void aRequestInJsonTakesLittleOfTheHeap() throws Exception {
        String json =
                "{\"inputs\":[{\"name\":\"X\",\"shape\":[16],\"datatype\":\"FP32\",\"data\":["
                        + "0.125,".repeat(15)
                        + "1e-3]}]}";
        long bytes = bytesEach(request(json, new byte[0], ""));
        assertTrue(bytes <= MOST_BYTES, bytes + " bytes a request");
    }
}

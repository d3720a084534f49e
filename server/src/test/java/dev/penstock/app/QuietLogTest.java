package dev.penstock.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a caller sends wrong is answered and counted, and never fills the log. */
@Timeout(120)
final class QuietLogTest {
    @TempDir Path root;

    @Test
    void callsThatAreTooLargeOrNoGrpcAtAllLogNoWarning() throws Exception {
        Store store = new Store(root.resolve("models"));
        store.publishAdd("add", 1);
        Path settings = root.resolve("penstock.yaml");
        Files.writeString(settings, "server:\n  limits:\n    max-body: 1KiB\n");
        try (ServerProcess server =
                ServerProcess.start(
                        root.resolve("models"),
                        List.of(),
                        "--config",
                        settings.toString(),
                        "--drain",
                        "0s")) {
            for (int i = 0; i < 3; i++) {
                // 1024 floats are 4 KiB.
                assertTooLarge(server.grpcPort(), new float[1024]);
                sendNoGrpc(server.grpcPort());
            }
            server.terminate();
            assertEquals(0, server.awaitExit(30), server::output);
            List<String> warnings =
                    server.output()
                            .lines()
                            .filter(line -> line.matches(".*\"level\":\"(WARN|ERROR)\".*"))
                            .toList();
            assertEquals(List.of(), warnings);
        }
    }

    private static void assertTooLarge(int port, float[] row) {
        try (GrpcCaller caller = new GrpcCaller(port)) {
            StatusRuntimeException refused =
                    assertThrows(StatusRuntimeException.class, () -> caller.infer("add", "", row));
            assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
        }
    }

    /** Writes another protocol, and reads until the server has had enough. */
    private static void sendNoGrpc(int port) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8));
            socket.shutdownOutput();
            var _ = socket.getInputStream().readAllBytes();
        }
    }
}

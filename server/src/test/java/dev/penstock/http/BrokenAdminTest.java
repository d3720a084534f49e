package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.admin.AdminApi;
import dev.penstock.admin.AdminServices;
import dev.penstock.admin.AuditAdmin;
import dev.penstock.admin.ConfigAdmin;
import dev.penstock.admin.LineageAdmin;
import dev.penstock.admin.ShadowAdmin;
import dev.penstock.admin.StoreAdmin;
import dev.penstock.inference.Limits;
import dev.penstock.journal.DurableFiles;
import dev.penstock.runtime.Ticker;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class BrokenAdminTest {
    @Test
    void whateverBreaksOnTheWayIsAnswered() throws Exception {
        try (HttpFixture fixture = new HttpFixture()) {
            AdminServices services =
                    new AdminServices(
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            new AuditAdmin(null, null, null),
                            null,
                            new ConfigAdmin(null, null),
                            new ShadowAdmin(null, List::of),
                            new StoreAdmin(null, null),
                            new LineageAdmin(
                                    DurableFiles.DISK,
                                    Path.of("lineage"),
                                    null,
                                    null,
                                    null,
                                    null,
                                    null));
            AdminApi api =
                    new AdminApi(
                            fixture.service,
                            services,
                            (route, status) -> {
                                throw new NoClassDefFoundError("as after a jar was replaced");
                            },
                            "1");
            AdminServer server =
                    new AdminServer(
                            api, fixture.service, fixture.access, Limits.DEFAULT, Ticker.SYSTEM);
            InetSocketAddress at =
                    server.start(
                            fixture.loops,
                            NioServerSocketChannel.class,
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (RawClient client = new RawClient(at)) {
                for (int i = 0; i < 2; i++) {
                    client.send("GET /admin/v1/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n");
                    RawClient.Answer answer = client.read();
                    assertEquals(500, answer.status(), answer.text());
                    assertTrue(answer.text().contains("incident"), answer.text());
                }
            } finally {
                server.close();
            }
        }
    }
}

package dev.penstock.app;

import dev.penstock.access.AccessSettings;
import dev.penstock.inference.Limits;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Whole gateways in the process of the test, on free ports of loopback. */
final class Gateways {
    private Gateways() {}

    /** Starts one and waits until it has looked at its store. */
    static Gateway start(Path models, Path data, AccessSettings access) throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        Gateway gateway = new Gateway(config(models, data, any, access));
        gateway.start();
        gateway.awaitFirstLook();
        return gateway;
    }

    /** What to start one with whose admin listener is at that address. */
    static GatewayConfig config(
            Path models, Path data, InetSocketAddress admin, AccessSettings access) {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return new GatewayConfig(
                models,
                data,
                any,
                any,
                any,
                admin,
                Duration.ofSeconds(1),
                "latest:2",
                null,
                "ffm",
                Map.of(),
                "auto",
                1,
                Duration.ZERO,
                access,
                Limits.DEFAULT);
    }
}

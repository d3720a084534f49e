package dev.penstock.app;

import dev.penstock.access.AccessSettings;
import dev.penstock.app.AdminConfig.AnonymousRight;
import dev.penstock.config.ListenAddress;
import dev.penstock.config.SecretFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Whole gateways in the process of the test, on free ports of loopback. */
final class Gateways {
    private Gateways() {}

    /** Starts one and waits until it has looked at its store. */
    static Gateway start(Path models, Path data, AccessSettings access) throws Exception {
        ListenAddress any = new ListenAddress("127.0.0.1", 0);
        Gateway gateway = new Gateway(config(models, data, any, access));
        gateway.start();
        gateway.awaitFirstLook();
        return gateway;
    }

    /** What to start one with whose admin listener is at that address. */
    static GatewayConfig config(
            Path models, Path data, ListenAddress admin, AccessSettings access) {
        ListenAddress any = new ListenAddress("127.0.0.1", 0);
        ServerConfig usual = ServerConfig.DEFAULT;
        Path tokens = access.tokens();
        return new GatewayConfig(
                new ServerConfig(
                        new ServerConfig.Http(any),
                        new ServerConfig.Grpc(any),
                        new ServerConfig.Metrics(any),
                        new ServerConfig.Shutdown(Duration.ZERO),
                        usual.limits(),
                        usual.transport(),
                        1),
                new AdminConfig(
                        admin,
                        List.copyOf(access.adminHosts()),
                        new AdminConfig.Auth(
                                tokens == null ? null : new SecretFile(tokens),
                                Stream.of(AnonymousRight.values())
                                        .filter(each -> access.anonymous().contains(each.right()))
                                        .toList())),
                new ModelsConfig(
                        models,
                        null,
                        ModelsConfig.DEFAULT.poll(),
                        ModelsConfig.DEFAULT.versions(),
                        ModelsConfig.DEFAULT.maxUpload()),
                GatewayConfig.DEFAULT.runtime(),
                new GatewayConfig.DataConfig(data),
                GatewayConfig.DEFAULT.log());
    }
}

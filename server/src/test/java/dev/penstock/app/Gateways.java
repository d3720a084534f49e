package dev.penstock.app;

import dev.penstock.access.AccessSettings;
import dev.penstock.access.Right;
import dev.penstock.config.ConfigException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Whole gateways in the process of the test, on free ports of loopback. */
final class Gateways {
    private Gateways() {}

    /** Starts one and waits until it has looked at its store. */
    static Gateway start(Path models, Path data, AccessSettings access) throws Exception {
        Gateway gateway = new Gateway(config(models, data, "127.0.0.1:0", access));
        gateway.start();
        gateway.awaitFirstLook();
        return gateway;
    }

    /** What the flags say, in pairs of name and value; every listener is on a free port. */
    static GatewayConfig config(String... flags) {
        Map<String, String> all = new HashMap<>();
        for (String listener : List.of("--http", "--grpc", "--metrics", "--admin")) {
            all.put(listener, "127.0.0.1:0");
        }
        all.put("--drain", "0s");
        for (int i = 0; i < flags.length; i += 2) {
            all.put(flags[i], flags[i + 1]);
        }
        try {
            return GatewayConfig.reader().read(null, Map.of(), all).orThrow();
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }

    /** What to start one with whose admin listener is at that address. */
    static GatewayConfig config(Path models, Path data, String admin, AccessSettings access) {
        String hosts = String.join(",", access.adminHosts());
        List<String> flags =
                new ArrayList<>(List.of("--models", models.toString(), "--data", data.toString()));
        flags.addAll(List.of("--admin", admin, "--loops", "1"));
        flags.addAll(List.of("--anonymous", Right.textOf(access.anonymous())));
        flags.addAll(List.of("--admin-host", hosts.isEmpty() ? "none" : hosts));
        if (access.tokens() != null) {
            flags.addAll(List.of("--tokens", access.tokens().toString()));
        }
        return config(flags.toArray(String[]::new));
    }
}

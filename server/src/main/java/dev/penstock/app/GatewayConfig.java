package dev.penstock.app;

import static dev.penstock.runtime.Check.require;

import dev.penstock.access.AccessSettings;
import dev.penstock.inference.Limits;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that {@code penstock serve} can be told.
 *
 * @param models root of the model store
 * @param data where the server keeps what is its own
 * @param pollEvery how often the store is looked at beside the watch
 * @param versionPolicy {@code latest:N}, {@code all} or {@code 1,3}, for models whose configuration
 *     names none
 * @param modelName of a bare {@code model.onnx} at the root; null takes the environment's or the
 *     folder's
 * @param engine {@code ffm} or {@code ort}
 * @param execution {@code turn} or {@code pool} for the models named here; the others choose by
 *     measurement
 * @param transport {@code auto}, {@code epoll}, {@code nio} or {@code io_uring}
 * @param loops event loops for predictions
 * @param drain how long listeners stay open after the server says that it is not ready
 * @param access who may do what
 */
record GatewayConfig(
        Path models,
        Path data,
        InetSocketAddress http,
        InetSocketAddress grpc,
        InetSocketAddress metrics,
        InetSocketAddress admin,
        Duration pollEvery,
        String versionPolicy,
        @Nullable String modelName,
        String engine,
        Map<String, String> execution,
        String transport,
        int loops,
        Duration drain,
        AccessSettings access,
        Limits limits) {
    GatewayConfig {
        require(loops >= 1 && loops <= 256, "loops is %d, must be from 1 to 256", loops);
        require(
                engine.equals("ffm") || engine.equals("ort"),
                "engine is %s, must be ffm or ort",
                engine);
        require(!drain.isNegative(), "drain is %s, must not be negative", drain);
        require(
                pollEvery.compareTo(Duration.ofMillis(10)) >= 0,
                "poll is %s, must be at least 10ms",
                pollEvery);
        execution = Map.copyOf(execution);
    }

    /**
     * Event loops when nobody says: one core is left for the kernel, the loader and the collector.
     */
    static int defaultLoops() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
    }
}

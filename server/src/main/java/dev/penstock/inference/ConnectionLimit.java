package dev.penstock.inference;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Counts the open connections of a listener, in all and by remote address. There are never more
 * than nine tenths of the file descriptors that the process may have. Any thread.
 */
public final class ConnectionLimit {
    private final int max;
    private final int maxPerAddress;
    private final Consumer<Refused> refused;
    private final AtomicInteger open = new AtomicInteger();
    private final Map<InetAddress, Integer> byAddress = new ConcurrentHashMap<>();

    /**
     * @param refused is told of each connection that is too many
     */
    public ConnectionLimit(Limits limits, Consumer<Refused> refused) {
        this(limits.connections(), limits.connectionsPerAddress(), refused);
    }

    public ConnectionLimit(int max, int maxPerAddress, Consumer<Refused> refused) {
        this.refused = refused;
        this.max = Math.min(max, descriptors());
        this.maxPerAddress = maxPerAddress;
    }

    private static int descriptors() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof UnixOperatingSystemMXBean unix
                ? (int) Math.min(Integer.MAX_VALUE, unix.getMaxFileDescriptorCount() / 10 * 9)
                : Integer.MAX_VALUE;
    }

    /**
     * Counts a connection; null, and not counted, when there are too many.
     *
     * @return to be run once, when the connection is closed
     */
    public @Nullable Runnable admit(@Nullable SocketAddress remote) {
        if (open.incrementAndGet() > max) {
            open.decrementAndGet();
            refused.accept(Refused.CONNECTIONS);
            return null;
        }
        InetAddress address =
                remote instanceof InetSocketAddress socket
                        ? socket.getAddress()
                        : InetAddress.getLoopbackAddress();
        if (byAddress.merge(address, 1, Integer::sum) > maxPerAddress) {
            leave(address);
            refused.accept(Refused.CONNECTIONS_PER_ADDRESS);
            return null;
        }
        return () -> leave(address);
    }

    private void leave(InetAddress address) {
        open.decrementAndGet();
        byAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
    }
}

package dev.penstock.http;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.penstock.inference.Limits;
import io.netty.channel.Channel;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the open connections of a listener, in all and by remote address. There are never more
 * than nine tenths of the file descriptors that the process may have. Any thread.
 */
final class ConnectionLimit {
    private final int max;
    private final int maxPerAddress;
    private final AtomicInteger open = new AtomicInteger();
    private final Map<InetAddress, Integer> byAddress = new ConcurrentHashMap<>();

    ConnectionLimit(Limits limits) {
        this(limits.connections(), limits.connectionsPerAddress());
    }

    ConnectionLimit(int max, int maxPerAddress) {
        this.max = Math.min(max, descriptors());
        this.maxPerAddress = maxPerAddress;
    }

    private static int descriptors() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof UnixOperatingSystemMXBean unix
                ? (int) Math.min(Integer.MAX_VALUE, unix.getMaxFileDescriptorCount() / 10 * 9)
                : Integer.MAX_VALUE;
    }

    /** Counts a connection until it is closed; false, and not counted, when there are too many. */
    boolean admit(Channel channel) {
        if (open.incrementAndGet() > max) {
            open.decrementAndGet();
            return false;
        }
        InetAddress address =
                channel.remoteAddress() instanceof InetSocketAddress socket
                        ? socket.getAddress()
                        : InetAddress.getLoopbackAddress();
        if (byAddress.merge(address, 1, Integer::sum) > maxPerAddress) {
            leave(address);
            return false;
        }
        var _ = channel.closeFuture().addListener(closed -> leave(address));
        return true;
    }

    private void leave(InetAddress address) {
        open.decrementAndGet();
        byAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
    }
}

package dev.penstock.access;

import dev.penstock.runtime.Ticker;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Counts wrong credentials by where they come from. An address of IPv6 stands for its network of 64
 * bits, which is what one host is given. Any thread.
 */
final class FailedLogins {
    static final int PER_WINDOW = 10;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(Denied.WAIT_SECONDS);
    private static final int MAX_ADDRESSES = 10_000;
    private static final int IPV6_NETWORK_BYTES = 8;

    /** How a failure is to be taken. */
    enum Verdict {
        COUNTED,
        /** The first past the limit since one was counted. */
        FIRST_OVER,
        OVER
    }

    private static final class Recent {
        private final long[] nanos = new long[PER_WINDOW];
        private int count;
        private boolean isOver;

        Verdict add(long now) {
            int oldest = count % PER_WINDOW;
            if (count >= PER_WINDOW && now - nanos[oldest] < WINDOW_NANOS) {
                Verdict verdict = isOver ? Verdict.OVER : Verdict.FIRST_OVER;
                isOver = true;
                return verdict;
            }
            nanos[oldest] = now;
            // Stays at or above the limit, with the same place in the ring.
            count = count + 1 == 2 * PER_WINDOW ? PER_WINDOW : count + 1;
            isOver = false;
            return Verdict.COUNTED;
        }
    }

    private final Ticker ticker;

    // Guarded by this; the address that failed first goes first when there are too many.
    private final Map<InetAddress, Recent> byAddress =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<InetAddress, Recent> eldest) {
                    return size() > MAX_ADDRESSES;
                }
            };

    FailedLogins(Ticker ticker) {
        this.ticker = ticker;
    }

    /** One more failure from there. */
    synchronized Verdict add(InetAddress remote) {
        return byAddress.computeIfAbsent(network(remote), key -> new Recent()).add(ticker.nanos());
    }

    synchronized int addresses() {
        return byAddress.size();
    }

    private static InetAddress network(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address;
        }
        byte[] bytes = address.getAddress();
        Arrays.fill(bytes, IPV6_NETWORK_BYTES, bytes.length, (byte) 0);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 16 bytes", e);
        }
    }
}

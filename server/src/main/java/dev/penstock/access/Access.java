package dev.penstock.access;

import static dev.penstock.runtime.Check.require;

import dev.penstock.runtime.Ticker;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides who may do what. Every listener asks {@link #authorize} before it does anything for a
 * caller, and nothing else gives a right.
 *
 * <p>Any thread. A decision about a caller without credentials makes no garbage.
 */
public final class Access implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Access.class);

    private final AccessSettings settings;
    private final boolean isAdminOpen;
    private final Caller anonymous;
    private final Caller local;
    private final Tokens tokens;
    private final FailedLogins failedLogins;

    /**
     * Reads the tokens.
     *
     * @param admin where the admin listener is bound
     * @throws IllegalArgumentException when the tokens cannot be had, or when the admin listener
     *     could be reached from elsewhere and nobody would have the right to use it
     */
    public Access(AccessSettings settings, InetAddress admin, Ticker ticker) {
        this.settings = settings;
        this.tokens = new Tokens(settings);
        this.failedLogins = new FailedLogins(ticker);
        this.anonymous = Caller.anonymous(settings.anonymous());
        this.isAdminOpen = admin.isLoopbackAddress() && !settings.hasTokens();
        Set<Right> onLoopback = EnumSet.of(Right.OBSERVE, Right.LINEAGE_READ, Right.ADMIN);
        onLoopback.addAll(settings.anonymous());
        this.local = Caller.anonymous(onLoopback);
        require(
                admin.isLoopbackAddress() || tokens.table().grants(Right.ADMIN),
                "admin listens on %s, but without a token that has the right admin it may listen on"
                        + " loopback only",
                admin.getHostAddress());
    }

    /** Begins to notice changes of the token file. */
    public void start() {
        tokens.start();
    }

    /** What was configured. */
    public AccessSettings settings() {
        return settings;
    }

    /** Whether callers without a token have all rights on the admin listener. */
    public boolean isAdminOpen() {
        return isAdminOpen;
    }

    /** How many tokens are in force. */
    public int tokenCount() {
        return tokens.table().tokens().size();
    }

    /**
     * Decides about one request.
     *
     * @param remote where the connection comes from; what a header says of that is never asked
     * @param isForwarded whether the request says that somebody passed it on; counts on the admin
     *     listener alone
     * @param authorization the header of that name; null when there is none, empty when there are
     *     several
     * @param right what the request takes; null when it is open to everybody
     */
    public Decision authorize(
            Listener listener,
            InetAddress remote,
            boolean isForwarded,
            @Nullable String authorization,
            @Nullable Right right) {
        if (right == null || authorization == null || !settings.hasTokens()) {
            Caller caller = withoutToken(listener, remote, isForwarded);
            return right == null || caller.has(right) ? caller : Denied.UNAUTHENTICATED;
        }
        Caller caller = tokens.table().find(authorization);
        if (caller == null) {
            return failed(listener, remote);
        }
        return caller.has(right) ? caller : Denied.FORBIDDEN;
    }

    private Caller withoutToken(Listener listener, InetAddress remote, boolean isForwarded) {
        return switch (listener) {
            case HTTP, GRPC, METRICS -> anonymous;
            case ADMIN ->
                    isAdminOpen && !isForwarded && remote.isLoopbackAddress()
                            ? local
                            : Caller.NOBODY;
        };
    }

    // A right token is taken from the same address all the same: a secret of 256 bits is not found
    // by trying, and one broken client must not lock out what shares its address.
    private Denied failed(Listener listener, InetAddress remote) {
        return switch (failedLogins.add(remote)) {
            case COUNTED -> {
                LOG.warn("wrong credentials from {} on {}", remote.getHostAddress(), listener);
                yield Denied.UNAUTHENTICATED;
            }
            case FIRST_OVER -> {
                LOG.warn(
                        "too many wrong credentials from {}; more are not logged for a minute",
                        remote.getHostAddress());
                yield Denied.TOO_MANY_FAILURES;
            }
            case OVER -> Denied.TOO_MANY_FAILURES;
        };
    }

    @Override
    public void close() {
        tokens.close();
    }
}

package dev.penstock.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AccessTest {
    // SHA-256 of "correct-horse-battery-staple", by sha256sum(1).
    private static final String SECRET = "correct-horse-battery-staple";
    private static final String HASH =
            "87cbebfeebc05f7c54ac9336c4b4bbec831227a641951a4bde7edd56020f8590";
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    @TempDir Path folder;

    private final AtomicLong nanos = new AtomicLong();

    private static InetAddress address(String literal) {
        return InetAddress.ofLiteral(literal);
    }

    private Path file(String text) throws Exception {
        Path file = folder.resolve("tokens");
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    private Access access(Set<Right> anonymous, @Nullable Path file, InetAddress admin) {
        return new Access(new AccessSettings(anonymous, file, "", Set.of()), admin, nanos::get);
    }

    private static String name(Decision decision) {
        return decision instanceof Caller caller ? caller.name() : ((Denied) decision).name();
    }

    private static String ask(Access access, @Nullable String authorization, Right right) {
        return name(access.authorize(Listener.HTTP, LOOPBACK, false, authorization, right));
    }

    @Test
    void withoutTokensEverybodyMayPredictAndObserveAndNoMore() {
        Access access = access(Set.of(Right.PREDICT, Right.OBSERVE), null, LOOPBACK);
        for (Listener listener : List.of(Listener.HTTP, Listener.GRPC, Listener.METRICS)) {
            for (Right right : Right.values()) {
                Decision decision =
                        access.authorize(listener, address("192.0.2.7"), false, null, right);
                boolean isGiven = right == Right.PREDICT || right == Right.OBSERVE;
                assertEquals(isGiven ? "anonymous" : "UNAUTHENTICATED", name(decision));
            }
        }
        // What another layer wants to be sent is not for this server.
        assertEquals("anonymous", ask(access, "Basic YTpi", Right.PREDICT));
    }

    @Test
    void theAdminListenerIsOpenOnlyOnLoopbackWithoutTokensAndNotForwarded() throws Exception {
        Access open = access(Set.of(Right.PREDICT), null, LOOPBACK);
        for (Right right : Right.values()) {
            assertInstanceOf(
                    Caller.class, open.authorize(Listener.ADMIN, LOOPBACK, false, null, right));
            assertEquals(
                    Denied.UNAUTHENTICATED,
                    open.authorize(Listener.ADMIN, LOOPBACK, true, null, right));
            assertEquals(
                    Denied.UNAUTHENTICATED,
                    open.authorize(Listener.ADMIN, address("192.0.2.7"), false, null, right));
        }
        Path tokens = file("ci predict sha256:" + HASH + "\n");
        Access closed = access(Set.of(Right.PREDICT), tokens, LOOPBACK);
        for (Right right : Right.values()) {
            assertEquals(
                    Denied.UNAUTHENTICATED,
                    closed.authorize(Listener.ADMIN, LOOPBACK, false, null, right));
        }
    }

    @Test
    void anAdminListenerForOthersNeedsSomebodyWhoMayUseIt() throws Exception {
        InetAddress any = address("0.0.0.0");
        IllegalArgumentException why =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> access(Set.of(Right.PREDICT), null, any));
        assertTrue(why.getMessage().startsWith("admin listens on 0.0.0.0"), why.getMessage());
        Path observer = file("ci observe sha256:" + HASH + "\n");
        assertThrows(
                IllegalArgumentException.class, () -> access(Set.of(Right.PREDICT), observer, any));
        Path admin = file("ci admin sha256:" + HASH + "\n");
        assertEquals(1, access(Set.of(Right.PREDICT), admin, any).tokenCount());
    }

    @Test
    void anonymousCallersAreNeverGivenMoreThanPredictAndObserve() {
        for (Right right : EnumSet.of(Right.ADMIN, Right.LINEAGE_READ)) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new AccessSettings(Set.of(right), null, "", Set.of()));
        }
    }

    @Test
    void aTokenHasItsRightsAndNoOthers() throws Exception {
        for (Right held : Right.values()) {
            Path file = file("ci " + held.text() + " sha256:" + HASH + "\n");
            Access access = access(EnumSet.of(Right.PREDICT, Right.OBSERVE), file, LOOPBACK);
            for (Right wanted : Right.values()) {
                for (Listener listener : Listener.values()) {
                    Decision decision =
                            access.authorize(listener, LOOPBACK, false, "Bearer " + SECRET, wanted);
                    assertEquals(wanted == held ? "ci" : "FORBIDDEN", name(decision));
                }
            }
        }
    }

    @Test
    void credentialsThatAreNotExactlyATokenAreRefused() throws Exception {
        Access access = access(Set.of(Right.PREDICT), file("ci predict sha256:" + HASH), LOOPBACK);
        assertEquals("ci", ask(access, "Bearer " + SECRET, Right.PREDICT));
        assertEquals("ci", ask(access, "bEaReR " + SECRET, Right.PREDICT));
        List<String> hostile =
                List.of(
                        "",
                        " ",
                        "Bearer",
                        "Bearer ",
                        "Bearer  ",
                        "Bearer\t" + SECRET,
                        "Bearer  " + SECRET,
                        " Bearer " + SECRET,
                        "Bearer " + SECRET + " ",
                        "Bearer " + SECRET + "\u0000",
                        "Bearer " + SECRET + ", Bearer " + SECRET,
                        "Bearer " + SECRET.toUpperCase(java.util.Locale.ROOT),
                        "Bearer " + SECRET.substring(1),
                        "Bearer " + SECRET + "x",
                        "Bearer " + HASH,
                        "Bearer sha256:" + HASH,
                        "Bearer \u00e9\u00e8\u00ea",
                        // Would be the letters of the secret in a careless conversion.
                        "Bearer \u0163" + SECRET.substring(1),
                        "Bearer " + "x".repeat(512),
                        "Bearer " + "x".repeat(513),
                        "Bearer " + "x".repeat(1_000_000),
                        "Basic " + SECRET,
                        "Token " + SECRET,
                        "Bearer" + SECRET,
                        "Bearer:" + SECRET,
                        "\"Bearer " + SECRET + "\"",
                        SECRET,
                        "Bearer ci",
                        "Bearer anonymous");
        for (String each : hostile) {
            nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
            assertEquals("UNAUTHENTICATED", ask(access, each, Right.PREDICT), each);
        }
    }

    @Test
    void tenWrongCredentialsAMinuteAreToldSoAndMoreAreTurnedAway() throws Exception {
        Access access = access(Set.of(Right.PREDICT), file("ci predict sha256:" + HASH), LOOPBACK);
        for (int i = 0; i < 10; i++) {
            assertEquals("UNAUTHENTICATED", ask(access, "Bearer no", Right.PREDICT));
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
        }
        assertEquals("TOO_MANY_FAILURES", ask(access, "Bearer no", Right.PREDICT));
        // Nobody else is held up by it: not another address, not who has a token.
        assertEquals(
                Denied.UNAUTHENTICATED,
                access.authorize(
                        Listener.GRPC, address("192.0.2.7"), false, "Bearer no", Right.PREDICT));
        assertEquals("ci", ask(access, "Bearer " + SECRET, Right.PREDICT));
        assertEquals("anonymous", ask(access, null, Right.PREDICT));
        // The first of the ten is a minute old 60 s after it, 50 s from now.
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(50) - 1);
        assertEquals("TOO_MANY_FAILURES", ask(access, "Bearer no", Right.PREDICT));
        nanos.addAndGet(1);
        assertEquals("UNAUTHENTICATED", ask(access, "Bearer no", Right.PREDICT));
        assertEquals("TOO_MANY_FAILURES", ask(access, "Bearer no", Right.PREDICT));
    }

    @Test
    void oneHostOfIpv6IsNotManyAddresses() throws Exception {
        Access access = access(Set.of(Right.PREDICT), file("ci predict sha256:" + HASH), LOOPBACK);
        Decision last = Caller.NOBODY;
        for (int i = 1; i <= 11; i++) {
            InetAddress remote = address("2001:db8:0:1::" + Integer.toHexString(i));
            last = access.authorize(Listener.HTTP, remote, false, "Bearer no", Right.PREDICT);
        }
        assertEquals(Denied.TOO_MANY_FAILURES, last);
        assertEquals(
                Denied.UNAUTHENTICATED,
                access.authorize(
                        Listener.HTTP,
                        address("2001:db8:0:2::1"),
                        false,
                        "Bearer no",
                        Right.PREDICT));
    }

    @Test
    void manyAddressesTakeBoundedMemory() {
        FailedLogins logins = new FailedLogins(nanos::get);
        for (int i = 0; i < 100_000; i++) {
            logins.add(address("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255)));
        }
        assertEquals(10_000, logins.addresses());
    }

    @Test
    void whatIsOpenIsOpenWhateverIsSent() throws Exception {
        Access access = access(Set.of(), file("ci predict sha256:" + HASH), LOOPBACK);
        for (int i = 0; i < 20; i++) {
            Decision decision = access.authorize(Listener.HTTP, LOOPBACK, false, "Bearer no", null);
            assertFalse(decision instanceof Denied);
        }
    }

    @Test
    void tokensComeFromTheEnvironmentToo() throws Exception {
        AccessSettings settings =
                new AccessSettings(
                        Set.of(),
                        file("a observe sha256:" + "0".repeat(64)),
                        "# two; b predict sha256:" + HASH + ";",
                        Set.of());
        Access access = new Access(settings, LOOPBACK, nanos::get);
        assertEquals(2, access.tokenCount());
        assertEquals("b", ask(access, "Bearer " + SECRET, Right.PREDICT));
    }

    @Test
    void aDecisionWithoutCredentialsMakesNoGarbage() {
        Access access = access(Set.of(Right.PREDICT), null, LOOPBACK);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int allowed = 0;
        long bytes = Long.MAX_VALUE;
        // The first rounds warm up.
        for (int round = 0; round < 20; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                Decision decision =
                        access.authorize(Listener.HTTP, LOOPBACK, false, null, Right.PREDICT);
                allowed += decision instanceof Caller ? 1 : 0;
            }
            bytes = Math.min(bytes, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(200_000, allowed);
        assertTrue(bytes < 10_000, bytes + " bytes for 10,000 decisions");
    }
}

package dev.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.penstock.access.Token;
import dev.penstock.access.TokenFile;
import dev.penstock.config.ConfigReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** Makes, lists and revokes tokens as a shell would, and sends one. */
final class TokenCommandTest {
    @TempDir Path folder;

    private Path file;

    private record Ran(int exitCode, String out, String err) {}

    @BeforeEach
    void name() {
        file = folder.resolve("tokens");
    }

    private static Ran run(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line =
                Cli.commandLine(new CliTest.Serve(), new ConfigReader<>(new CliTest.Settings(5)));
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int exitCode = line.execute(words);
        return new Ran(exitCode, out.toString(), err.toString());
    }

    private Ran token(String... words) {
        List<String> all = new java.util.ArrayList<>(List.of("token"));
        all.addAll(List.of(words));
        all.addAll(List.of("--tokens", file.toString()));
        return run(all.toArray(String[]::new));
    }

    @Test
    void theSecretIsAllThatGoesToStandardOutputAndIsNeverShownAgain() throws Exception {
        Ran created = token("create", "ci", "--rights", "predict,observe");
        assertEquals(0, created.exitCode(), created.err());
        String secret = created.out().strip();
        assertEquals(secret + System.lineSeparator(), created.out());
        assertTrue(secret.startsWith("penstock_"), secret);
        assertFalse(created.err().contains(secret), created.err());
        assertTrue(created.err().contains("predict,observe"), created.err());
        assertFalse(Files.readString(file).contains(secret));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        Ran listed = token("ls");
        assertEquals(0, listed.exitCode());
        assertFalse(listed.out().contains(secret));
        Token token = new TokenFile(file).list().getFirst();
        assertTrue(listed.out().contains("ci    " + token.id()), listed.out());
    }

    @Test
    void aTakenNameIsAConflictUnlessItIsRotated() {
        String[] create = {"create", "ci", "--rights", "admin"};
        assertEquals(0, token(create).exitCode());
        Ran again = token(create);
        assertEquals(ExitCode.CONFLICT, again.exitCode());
        assertEquals("", again.out());
        assertTrue(again.err().contains("--rotate"), again.err());
        assertEquals(0, token("create", "ci", "--rights", "admin", "--rotate").exitCode());
        assertEquals(2, new TokenFile(file).list().size());
    }

    @Test
    void revokingTakesOneOrAllOfAName() {
        for (int i = 0; i < 3; i++) {
            token("create", "ci", "--rights", "admin", "--rotate");
        }
        String id = new TokenFile(file).list().get(1).id();
        Ran one = token("revoke", "ci", "--id", id);
        assertEquals("revoked ci (" + id + ")" + System.lineSeparator(), one.out());
        assertEquals(ExitCode.NOT_FOUND, token("revoke", "ci", "--id", id).exitCode());
        assertEquals(0, token("revoke", "ci").exitCode());
        assertEquals(List.of(), new TokenFile(file).list());
        assertEquals(ExitCode.NOT_FOUND, token("revoke", "ci").exitCode());
    }

    @Test
    void jsonSaysTheSame() throws Exception {
        JsonNode created =
                Json.MAPPER.readTree(
                        token("create", "ci", "--rights", "observe,predict", "-o", "json").out());
        assertEquals("ci", created.path("name").asString());
        assertEquals("[\"predict\",\"observe\"]", created.path("rights").toString());
        assertTrue(created.path("secret").asString().startsWith("penstock_"));
        JsonNode listed = Json.MAPPER.readTree(token("ls", "-o", "json").out());
        assertEquals(1, listed.size());
        assertEquals(created.path("id"), listed.path(0).path("id"));
        assertTrue(listed.path(0).path("secret").isMissingNode());
        JsonNode gone = Json.MAPPER.readTree(token("revoke", "ci", "-o", "json").out());
        assertEquals(listed, gone);
    }

    @Test
    void whatCannotBeDoneIsSaidInALineWithItsExitCode() throws Exception {
        assertEquals(ExitCode.USAGE, token("create", "ci").exitCode());
        assertEquals(ExitCode.USAGE, token("create", "ci", "--rights", "root").exitCode());
        assertEquals(ExitCode.USAGE, token("create", "ci", "--rights", "none").exitCode());
        assertEquals(ExitCode.USAGE, token("create", "a b", "--rights", "admin").exitCode());
        assertEquals(ExitCode.USAGE, token("create", "anonymous", "--rights", "admin").exitCode());
        assertFalse(Files.exists(file));
        assertEquals(ExitCode.USAGE, token("ls").exitCode());
        assertEquals(ExitCode.USAGE, token("revoke", "ci").exitCode());
        token("create", "ci", "--rights", "admin");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Ran open = token("ls");
        assertEquals(ExitCode.USAGE, open.exitCode());
        assertTrue(open.err().contains("chmod 600"), open.err());
        file = folder.resolve("absent/tokens");
        Ran nowhere = token("create", "ci", "--rights", "admin");
        assertEquals(ExitCode.REFUSED, nowhere.exitCode(), nowhere.err());
        assertEquals("", nowhere.out());
    }

    @Test
    void aCommandSendsTheTokenInAFileAndSaysWhenItIsNotEnough() throws Exception {
        BlockingQueue<String> sent = new LinkedBlockingQueue<>();
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    sent.add(
                            String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
                    byte[] body =
                            "{\"error\":\"no\",\"code\":\"FORBIDDEN\"}"
                                    .getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(403, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                });
        server.start();
        try {
            String at = "127.0.0.1:" + server.getAddress().getPort();
            Path secret = Files.writeString(folder.resolve("secret"), "penstock_abc\n");
            Ran ran = run("infer", "m", "1", "--http", at, "--token-file", secret.toString());
            assertEquals(ExitCode.NOT_ALLOWED, ran.exitCode(), ran.err());
            assertEquals("Bearer penstock_abc", sent.take());
            assertFalse(ran.err().contains("penstock_abc"), ran.err());
            assertEquals(ExitCode.NOT_ALLOWED, run("infer", "m", "1", "--http", at).exitCode());
            assertEquals("null", sent.take());
        } finally {
            server.stop(0);
        }
        Path broken = Files.writeString(folder.resolve("broken"), "two words\r\nx: y");
        Ran ran = run("infer", "m", "1", "--token-file", broken.toString());
        assertEquals(ExitCode.USAGE, ran.exitCode());
        assertFalse(ran.err().contains("two words"), ran.err());
    }
}

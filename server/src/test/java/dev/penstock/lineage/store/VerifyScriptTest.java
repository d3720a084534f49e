package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the checker that shares no code with the server over logs that the server's code wrote. */
final class VerifyScriptTest {
    private static final Path SCRIPT = Path.of("..", "docs", "tools", "verify_lineage.py");

    @TempDir Path data;
    private WrittenLog log;

    private record Run(int status, String output) {}

    @BeforeEach
    void write() throws Exception {
        assumeTrue(hasPython(), "python3 is not on this machine");
        log = new WrittenLog(data);
        log.append(0, 30);
        log.roll();
        log.blob(30, new byte[1000]);
        log.append(31, 60);
        log.rate(0.25);
        log.roll();
        log.append(60, 70);
    }

    private static boolean hasPython() throws InterruptedException {
        try {
            return run(List.of("python3", "--version")).status() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static Run run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it does not end");
        return new Run(process.exitValue(), output);
    }

    private static Run script(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("python3", SCRIPT.toString()));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private Run check(String... more) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(log.folder.toString()));
        arguments.addAll(List.of(more));
        return script(arguments.toArray(String[]::new));
    }

    private Head head() throws IOException {
        return LineageVerifier.verify(
                        DurableFiles.DISK,
                        log.folder,
                        new LineageVerifier.Expectation(null, null, Set.of()),
                        (segment, done, of) -> {})
                .head();
    }

    @Test
    void aLogThatNobodyTouchedIsSound() throws Exception {
        Run run = check("--head", head().toString());
        assertEquals(0, run.status(), run::output);
        assertTrue(run.output().contains("head " + head()), run::output);
        SegmentFiles first = log.segments().getFirst();
        Files.delete(first.file(Part.LINES));
        Files.delete(first.file(Part.INDEX));
        run = check("--head", head().toString());
        assertEquals(0, run.status(), run::output);
        assertTrue(run.output().contains("removed, its manifest is left"), run::output);
    }

    private void assertNotSound(String reason, String... more) throws Exception {
        Run run = check(more);
        assertEquals(1, run.status(), run::output);
        assertTrue(run.output().contains("NOT SOUND: "), run::output);
        assertTrue(run.output().contains(reason), run::output);
    }

    @Test
    void aChangedByteOfAnyFileIsFound() throws Exception {
        SegmentFiles second = log.segments().get(1);
        for (Part part :
                List.of(Part.LINES, Part.MANIFEST, Part.SIGNATURE, Part.INDEX, Part.BLOBS)) {
            Path file = second.file(part);
            byte[] bytes = Files.readAllBytes(file);
            byte[] changed = bytes.clone();
            changed[bytes.length / 2] ^= 1;
            Files.write(file, changed);
            assertNotSound(second.stem());
            Files.write(file, bytes);
        }
        Path open = log.segments().get(2).file(Part.OPEN);
        byte[] bytes = Files.readAllBytes(open);
        byte[] changed = bytes.clone();
        changed[bytes.length / 2] ^= 1;
        Files.write(open, changed);
        assertNotSound("crc");
        Files.write(open, bytes);
        assertEquals(0, check().status());
    }

    @Test
    void aSegmentThatIsGoneAndACutTailAreFound() throws Exception {
        String head = head().toString();
        SegmentFiles second = log.segments().get(1);
        Path open = log.segments().get(2).file(Part.OPEN);
        byte[] bytes = Files.readAllBytes(open);
        Files.delete(open);
        assertEquals(0, check().status());
        assertNotSound("and the expected head is", "--head", head);
        Files.write(open, bytes);
        for (Part part : List.of(Part.LINES, Part.MANIFEST, Part.SIGNATURE, Part.INDEX)) {
            Files.delete(second.file(part));
        }
        assertNotSound("and the chain before it ends with");
    }

    @Test
    void aSignatureOfAnotherKeyIsFound() throws Exception {
        SigningKey other = SigningKey.openOrMake(DurableFiles.DISK, data.resolve("elsewhere"));
        SegmentFiles second = log.segments().get(1);
        Files.write(
                second.file(Part.SIGNATURE),
                other.sign(Files.readAllBytes(second.file(Part.MANIFEST))));
        assertNotSound("the manifest's signature is not of its bytes");
        assertNotSound(
                "signature", "--key", data.resolve("elsewhere/lineage.ed25519.pub").toString());
    }

    @Test
    void aProofStandsForItsLineAlone() throws Exception {
        LineageReader reader = new LineageReader(DurableFiles.DISK, log.folder);
        String key = log.keys.resolve("lineage.ed25519.pub").toString();
        Path file = data.resolve("proof.json");
        for (int n : new int[] {0, 7, 29, 59}) {
            String proof =
                    reader.prove(reader.find(WrittenLog.id(n)).getFirst()).toJson().toString();
            Files.writeString(file, proof);
            Run run = script("--proof", file.toString(), "--key", key);
            assertEquals(0, run.status(), run::output);
            for (String field : List.of("\"line\":\"", "\"signature\":\"", "\"path\":[\"")) {
                int at = proof.indexOf(field) + field.length() + 1;
                char other = proof.charAt(at) == '1' ? '2' : '1';
                Files.writeString(file, proof.substring(0, at) + other + proof.substring(at + 1));
                assertEquals(1, script("--proof", file.toString(), "--key", key).status(), field);
            }
        }
    }
}

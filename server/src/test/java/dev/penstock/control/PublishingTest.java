package dev.penstock.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.repository.Bench;
import dev.penstock.repository.FakeEngine;
import dev.penstock.repository.VersionPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Publishers of every habit against the scanner: copies in pieces, renames, truncations,
 * replacements, deletions, manifests that come late, in any order and at any distance from a look.
 *
 * <p>The promise: no part of a version ever reaches the runtime, and no state in passing unloads
 * one that serves. The control: a scanner that loads when the folder appears breaks the first.
 */
final class PublishingTest {
    private static final long SEED = 20260101;
    private static final int SCRIPTS = 1_000;

    @TempDir Path folder;

    /** What one script led to. */
    private record Verdict(int partialOpens, boolean keptServing, boolean servedTheNew) {}

    @Test
    void noPartOfAVersionIsLoadedAndNoPassingStateUnloadsOne() throws IOException {
        Random seeds = new Random(SEED);
        int served = 0;
        for (int i = 0; i < SCRIPTS; i++) {
            long seed = seeds.nextLong();
            Path root = Files.createDirectory(folder.resolve("s" + i));
            Verdict verdict = play(new Bench(root), seed);
            assertEquals(0, verdict.partialOpens(), "partial loads of script " + seed);
            assertTrue(verdict.keptServing(), "unloaded in passing by script " + seed);
            served += verdict.servedTheNew() ? 1 : 0;
            PublisherScript.delete(root);
        }
        assertTrue(served > SCRIPTS / 2, "only " + served + " scripts led to a new version");
    }

    @Test
    void loadingWhenTheFolderAppearsLoadsParts() throws IOException {
        Random seeds = new Random(SEED);
        int partial = 0;
        for (int i = 0; i < 50; i++) {
            Path root = Files.createDirectory(folder.resolve("h" + i));
            partial += play(Bench.hasty(root), seeds.nextLong()).partialOpens();
        }
        assertTrue(partial > 0, "the control must fail, or the test above shows nothing");
    }

    /** Version 1 serves all the time; version 2 is published by a script of random habits. */
    private static Verdict play(Bench bench, long seed) throws IOException {
        Random random = new Random(seed);
        boolean kept = true;
        try (Served served = new Served(bench, VersionPolicy.DEFAULT)) {
            bench.writeOld("a/1/model.onnx", FakeEngine.model("n=1 seed=" + seed));
            served.step();
            served.step();
            String first = served.digest("a");
            PublisherScript script =
                    new PublisherScript(bench.root.resolve("a"), bench::touchUp, random);
            for (PublisherScript.Act act : script.acts()) {
                act.play();
                // Less than the settling time passes between two acts, as the rule demands of who
                // publishes without a manifest or a rename.
                for (int looks = random.nextInt(4); looks > 0; looks--) {
                    served.step();
                    kept &= served.serves("a", 1);
                }
            }
            script.finish();
            served.settle();
            kept &= served.serves("a", 1);
            kept &= served.view("a", 1).digest().equals(first);
            boolean isNew = served.current("a") == 2 && served.digest("a").equals(script.digest());
            return new Verdict(bench.engine.partialOpens.get(), kept, isNew);
        }
    }
}

package dev.penstock.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.repository.Bench;
import dev.penstock.repository.FakeEngine;
import dev.penstock.repository.VersionPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
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
            delete(root);
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
            Script script = new Script(bench, random);
            for (Act act : script.acts()) {
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
            String wanted = FakeEngine.sha256(script.whole);
            boolean isNew = served.current("a") == 2 && served.digest("a").equals(wanted);
            return new Verdict(bench.engine.partialOpens.get(), kept, isNew);
        }
    }

    @FunctionalInterface
    private interface Act {
        void play() throws IOException;
    }

    /** The acts of a publisher, and of those who get in its way. */
    private static final class Script {
        private final Bench bench;
        private final Random random;
        private final byte[] whole;
        private final Path version;

        Script(Bench bench, Random random) {
            this.bench = bench;
            this.random = random;
            this.whole = FakeEngine.model("n=2 salt=" + random.nextLong() + " " + "x".repeat(300));
            this.version = bench.root.resolve("a/2");
        }

        List<Act> acts() {
            List<Act> acts = new ArrayList<>();
            int rounds = 1 + random.nextInt(3);
            for (int i = 0; i < rounds; i++) {
                switch (random.nextInt(8)) {
                    case 0 -> acts.add(() -> bench.write("a/2/model.onnx", whole));
                    case 1 -> addPieces(acts, "a/2/model.onnx", true);
                    case 2 -> addPieces(acts, "a/2/model.onnx", false);
                    case 3 -> addRename(acts);
                    case 4 -> addManifest(acts);
                    case 5 -> addTruncation(acts);
                    case 6 -> addReplacement(acts);
                    default -> addDeletion(acts);
                }
                if (random.nextInt(4) == 0) {
                    addDisturbance(acts);
                }
            }
            return acts;
        }

        /** Grows, or is laid out at full size and filled. */
        private void addPieces(List<Act> acts, String path, boolean grows) {
            int pieces = 2 + random.nextInt(4);
            for (int i = 1; i <= pieces; i++) {
                int length = whole.length * i / pieces;
                byte[] part =
                        Arrays.copyOf(Arrays.copyOf(whole, length), grows ? length : whole.length);
                acts.add(() -> bench.write(path, part));
            }
        }

        private void addRename(List<Act> acts) {
            addPieces(acts, "a/.2/model.onnx", random.nextBoolean());
            acts.add(this::clear);
            acts.add(() -> {
                Files.move(bench.root.resolve("a/.2"), version);
                bench.touchUp(version.getParent());
            });
        }

        private void addManifest(List<Act> acts) {
            String manifest =
                    "{\"files\": [{\"name\": \"model.onnx\", \"size\": %d, \"sha256\": \"%s\"}]}"
                            .formatted(whole.length, FakeEngine.sha256(whole));
            byte[] bytes = manifest.getBytes(StandardCharsets.UTF_8);
            boolean isLate = random.nextBoolean();
            if (!isLate) {
                acts.add(() -> bench.write("a/2/manifest.json", Arrays.copyOf(bytes, 40)));
                acts.add(() -> bench.write("a/2/manifest.json", bytes));
            }
            addPieces(acts, "a/2/model.onnx", random.nextBoolean());
            if (isLate) {
                acts.add(() -> bench.write("a/2/manifest.json", Arrays.copyOf(bytes, 40)));
                acts.add(() -> bench.write("a/2/manifest.json", bytes));
            }
        }

        private void addTruncation(List<Act> acts) {
            acts.add(() -> bench.write("a/2/model.onnx", Arrays.copyOf(whole, whole.length / 2)));
            acts.add(() -> bench.write("a/2/model.onnx", new byte[0]));
            acts.add(() -> bench.write("a/2/model.onnx", whole));
        }

        private void addReplacement(List<Act> acts) {
            addPieces(acts, "a/2/.model.onnx.tmp", true);
            acts.add(() -> {
                Files.move(
                        bench.root.resolve("a/2/.model.onnx.tmp"),
                        version.resolve("model.onnx"),
                        StandardCopyOption.REPLACE_EXISTING);
                bench.touchUp(version);
            });
        }

        private void addDeletion(List<Act> acts) {
            acts.add(this::clear);
            addPieces(acts, "a/2/model.onnx", true);
        }

        /** Something happens to the version that serves, and is over soon. */
        private void addDisturbance(List<Act> acts) {
            Path serving = bench.root.resolve("a/1");
            Path aside = bench.root.resolve("a/.aside");
            Path model = serving.resolve("model.onnx");
            Path hidden = serving.resolve("hidden");
            if (random.nextBoolean()) {
                acts.add(() -> Files.move(serving, aside));
                acts.add(() -> Files.move(aside, serving));
            } else {
                acts.add(() -> Files.move(model, hidden));
                acts.add(() -> Files.move(hidden, model));
            }
        }

        private void clear() throws IOException {
            if (Files.exists(version)) {
                delete(version);
                bench.touchUp(version.getParent());
            }
        }

        /** In the end the publisher has done all of it. */
        void finish() throws IOException {
            if (Files.exists(version.resolve("manifest.json"))
                    || !Files.exists(version.resolve("model.onnx"))) {
                clear();
            }
            bench.write("a/2/model.onnx", whole);
        }
    }

    private static void delete(Path path) throws IOException {
        try (var all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

package dev.penstock.control;

import dev.penstock.repository.FakeEngine;
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

/**
 * The acts of a publisher of version 2, of random habits, and of those who get in its way while
 * version 1 serves: copies in pieces, renames, truncations, replacements, deletions, manifests that
 * come late. What it publishes in the end is always the same.
 */
final class PublisherScript {
    private static final int HABITS = 8;
    private static final int COPY_IN_PLACE = 1;

    /** Is told of a path that was written, or of a folder whose content changed. */
    interface Touch {
        void touched(Path path) throws IOException;
    }

    @FunctionalInterface
    interface Act {
        void play() throws IOException;
    }

    private final Path model;
    private final Touch touch;
    private final Random random;
    private final byte[] whole;
    private final Path version;

    /**
     * @param model the model's folder
     */
    PublisherScript(Path model, Touch touch, Random random) {
        this.model = model;
        this.touch = touch;
        this.random = random;
        this.whole = FakeEngine.model("n=2 salt=" + random.nextLong() + " " + "x".repeat(300));
        this.version = model.resolve("2");
    }

    /** The digest of what is published in the end. */
    String digest() {
        return FakeEngine.sha256(whole);
    }

    List<Act> acts() {
        List<Act> acts = new ArrayList<>();
        int rounds = 1 + random.nextInt(3);
        for (int i = 0; i < rounds; i++) {
            add(acts, random.nextInt(HABITS));
            if (random.nextInt(4) == 0) {
                addDisturbance(acts);
            }
        }
        return acts;
    }

    /** A copy in pieces under the version's own name: what a scanner must not fall for. */
    List<Act> copyInPlace() {
        List<Act> acts = new ArrayList<>();
        add(acts, COPY_IN_PLACE);
        return acts;
    }

    private void add(List<Act> acts, int habit) {
        switch (habit) {
            case 0 -> acts.add(() -> write("2/model.onnx", whole));
            case COPY_IN_PLACE -> addPieces(acts, "2/model.onnx", true);
            case 2 -> addPieces(acts, "2/model.onnx", false);
            case 3 -> addRename(acts);
            case 4 -> addManifest(acts);
            case 5 -> addTruncation(acts);
            case 6 -> addReplacement(acts);
            default -> addDeletion(acts);
        }
    }

    /** Grows, or is laid out at full size and filled. */
    private void addPieces(List<Act> acts, String path, boolean grows) {
        int pieces = 2 + random.nextInt(4);
        for (int i = 1; i <= pieces; i++) {
            int length = whole.length * i / pieces;
            byte[] part =
                    Arrays.copyOf(Arrays.copyOf(whole, length), grows ? length : whole.length);
            acts.add(() -> write(path, part));
        }
    }

    private void addRename(List<Act> acts) {
        addPieces(acts, ".2/model.onnx", random.nextBoolean());
        acts.add(this::clear);
        acts.add(() -> {
            Files.move(model.resolve(".2"), version);
            touch.touched(version.getParent());
        });
    }

    private void addManifest(List<Act> acts) {
        String manifest =
                "{\"files\": [{\"name\": \"model.onnx\", \"size\": %d, \"sha256\": \"%s\"}]}"
                        .formatted(whole.length, FakeEngine.sha256(whole));
        byte[] bytes = manifest.getBytes(StandardCharsets.UTF_8);
        boolean isLate = random.nextBoolean();
        if (!isLate) {
            acts.add(() -> write("2/manifest.json", Arrays.copyOf(bytes, 40)));
            acts.add(() -> write("2/manifest.json", bytes));
        }
        addPieces(acts, "2/model.onnx", random.nextBoolean());
        if (isLate) {
            acts.add(() -> write("2/manifest.json", Arrays.copyOf(bytes, 40)));
            acts.add(() -> write("2/manifest.json", bytes));
        }
    }

    private void addTruncation(List<Act> acts) {
        acts.add(() -> write("2/model.onnx", Arrays.copyOf(whole, whole.length / 2)));
        acts.add(() -> write("2/model.onnx", new byte[0]));
        acts.add(() -> write("2/model.onnx", whole));
    }

    private void addReplacement(List<Act> acts) {
        addPieces(acts, "2/.model.onnx.tmp", true);
        acts.add(() -> {
            Files.move(
                    model.resolve("2/.model.onnx.tmp"),
                    version.resolve("model.onnx"),
                    StandardCopyOption.REPLACE_EXISTING);
            touch.touched(version);
        });
    }

    private void addDeletion(List<Act> acts) {
        acts.add(this::clear);
        addPieces(acts, "2/model.onnx", true);
    }

    /** Something happens to the version that serves, and is over soon. */
    private void addDisturbance(List<Act> acts) {
        Path serving = model.resolve("1");
        Path aside = model.resolve(".aside");
        Path file = serving.resolve("model.onnx");
        Path hidden = serving.resolve("hidden");
        if (random.nextBoolean()) {
            acts.add(() -> Files.move(serving, aside));
            acts.add(() -> Files.move(aside, serving));
        } else {
            acts.add(() -> Files.move(file, hidden));
            acts.add(() -> Files.move(hidden, file));
        }
    }

    private void clear() throws IOException {
        if (Files.exists(version)) {
            delete(version);
            touch.touched(version.getParent());
        }
    }

    /** In the end the publisher has done all of it. */
    void finish() throws IOException {
        if (Files.exists(version.resolve("manifest.json"))
                || !Files.exists(version.resolve("model.onnx"))) {
            clear();
        }
        write("2/model.onnx", whole);
    }

    private void write(String path, byte[] bytes) throws IOException {
        Path file = model.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
        touch.touched(file);
    }

    static void delete(Path path) throws IOException {
        try (var all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

package dev.penstock.app;

import dev.penstock.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;

/**
 * Publishes and removes versions in a model store as a careful user does: written under a dot name,
 * then renamed.
 */
record Store(Path root) {
    /** A version that answers {@code x + version}. */
    void publishAdd(String model, long version) throws IOException {
        publish(model, version, OnnxModel.addConstant((float) version, -1, 4));
    }

    void publish(String model, long version, byte[] onnx) throws IOException {
        Path folder = Files.createDirectories(root.resolve(model));
        Path hidden = Files.createDirectory(folder.resolve("." + version));
        Files.write(hidden.resolve("model.onnx"), onnx);
        Files.writeString(hidden.resolve("manifest.json"), manifest(onnx));
        Files.move(hidden, folder.resolve(Long.toString(version)));
    }

    // A folder that is written and renamed within a moment is not seen under its dot name: the
    // manifest
    // says at once that all of it is there.
    private static String manifest(byte[] onnx) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(onnx);
            return "{\"files\":[{\"name\":\"model.onnx\",\"size\":"
                    + onnx.length
                    + ",\"sha256\":\""
                    + HexFormat.of().formatHex(digest)
                    + "\"}]}";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    void remove(String model, long version) throws IOException {
        Path gone = root.resolve(model).resolve(".gone-" + version);
        Files.move(root.resolve(model).resolve(Long.toString(version)), gone);
        try (Stream<Path> files = Files.walk(gone)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}

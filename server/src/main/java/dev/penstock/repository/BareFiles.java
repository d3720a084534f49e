package dev.penstock.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which files of a folder belong to a model that lies in it bare, beside files that have nothing to
 * do with it: the model, and the files that it says it keeps its weights in.
 *
 * <p>A tensor of ONNX names its file by a pair of strings, {@code location} and the path. The model
 * is searched for the bytes of that pair as every writer of protocol buffers lays them out; reading
 * the whole structure would find no more. Bytes of weights that look like a pair add a name that
 * nothing stands under.
 *
 * @param model as it was when it was searched
 * @param names entries of the folder that hold weights
 */
record BareFiles(FileStamp model, Set<String> names) {
    // Field 1, 8 bytes, then field 2.
    private static final byte[] PAIR = "\n\blocation\u0012".getBytes(StandardCharsets.ISO_8859_1);
    private static final int MAX_PATH_BYTES = 1_024;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int TAIL_BYTES = PAIR.length + 2 + MAX_PATH_BYTES;

    BareFiles {
        names = Set.copyOf(names);
    }

    /**
     * Searches a model; reads all of it.
     *
     * @param seen the file as a look has just seen it
     */
    static BareFiles read(Path file, FileStamp seen) throws IOException {
        Set<String> names = new TreeSet<>();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES + TAIL_BYTES);
        try (SeekableByteChannel channel = VersionFiles.openNoFollow(file)) {
            long left = seen.sizeBytes();
            while (left > 0) {
                int read = channel.read(chunk);
                if (read < 0) {
                    break;
                }
                left -= read;
                if (chunk.hasRemaining() && left > 0) {
                    continue;
                }
                search(chunk.array(), chunk.position(), names);
                int kept = Math.min(TAIL_BYTES, chunk.position());
                chunk.limit(chunk.position()).position(chunk.limit() - kept);
                chunk.compact();
            }
        }
        return new BareFiles(seen, names);
    }

    /** Entries of its folder in which a model, whose bytes these are, keeps weights. */
    static Set<String> namesIn(ByteBuffer model) {
        Set<String> names = new TreeSet<>();
        byte[] chunk = new byte[CHUNK_BYTES + TAIL_BYTES];
        for (long from = 0; from < model.remaining(); from += CHUNK_BYTES) {
            int end = (int) Math.min(chunk.length, model.remaining() - from);
            model.get(model.position() + (int) from, chunk, 0, end);
            search(chunk, end, names);
        }
        return names;
    }

    private static void search(byte[] bytes, int end, Set<String> names) {
        for (int at = 0; at + PAIR.length + 1 < end; at++) {
            if (bytes[at] == PAIR[0] && isPair(bytes, at)) {
                addName(bytes, at + PAIR.length, end, names);
            }
        }
    }

    private static boolean isPair(byte[] bytes, int at) {
        for (int i = 1; i < PAIR.length; i++) {
            if (bytes[at + i] != PAIR[i]) {
                return false;
            }
        }
        return true;
    }

    // A length of one byte, or of two when it is above 127.
    private static void addName(byte[] bytes, int at, int end, Set<String> names) {
        int length = bytes[at] & 0x7f;
        int from = at + 1;
        if (bytes[at] < 0 && from < end) {
            length |= (bytes[from] & 0x7f) << 7;
            from++;
        }
        if (length == 0 || length > MAX_PATH_BYTES || from + length > end) {
            return;
        }
        String path = new String(bytes, from, length, StandardCharsets.UTF_8);
        while (path.startsWith("./")) {
            path = path.substring(2);
        }
        int slash = path.indexOf('/');
        if (names.size() <= FolderReader.MAX_FILES) {
            names.add(slash < 0 ? path : path.substring(0, slash));
        }
    }
}

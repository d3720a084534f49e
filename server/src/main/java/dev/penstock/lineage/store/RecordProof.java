package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.LineScanner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Shows that one line stands in a signed segment, without the segment's other lines.
 *
 * <p>Whoever has the public key checks the signature over the manifest's bytes, takes the Merkle
 * root and the number of lines from the manifest, and computes that root from the line and the
 * path.
 *
 * @param leafIndex the line's place in its segment, from 0
 * @param treeSize the segment's lines
 * @param path hashes from the leaf's sibling upwards, in hex
 * @param root the segment's Merkle root, in hex
 * @param manifest the manifest file's text
 * @param signature the signature file's 64 bytes, in base64
 * @param keyId of the public key
 * @param line the line without its line feed, in base64
 */
public record RecordProof(
        String segment,
        long seq,
        long leafIndex,
        long treeSize,
        List<String> path,
        String root,
        String manifest,
        String signature,
        String keyId,
        String line) {
    private static final String FORMAT = "penstock-lineage-proof/1";

    public RecordProof {
        path = List.copyOf(path);
    }

    /** The proof as JSON, for whoever checks it elsewhere. */
    public ObjectNode toJson() {
        ObjectNode object = JsonObject.JSON.createObjectNode();
        object.put("format", FORMAT).put("segment", segment).put("seq", seq);
        object.put("leaf_index", leafIndex).put("tree_size", treeSize);
        ArrayNode hashes = object.putArray("path");
        path.forEach(hashes::add);
        object.put("root", root).put("manifest", manifest).put("signature", signature);
        return object.put("key", keyId).put("line", line);
    }

    static RecordProof of(DurableFiles files, SegmentFiles segment, StoredRecord record)
            throws IOException {
        Manifests manifests = new Manifests(files);
        byte[] text = manifests.bytes(segment.file(SegmentFiles.Part.MANIFEST));
        byte[] signature = manifests.bytes(segment.file(SegmentFiles.Part.SIGNATURE));
        Manifest manifest = manifests.of(segment);
        Path file = segment.file(SegmentFiles.Part.LINES);
        Walk walk = new Walk(record.seq(), segment.firstSeq());
        try (InputStream in = files.read(file)) {
            SealedLines.walk(in, segment.writer(), walk);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw new DamagedSegmentException(file, e);
        }
        String root = Sha256.HEX.formatHex(walk.tree.root());
        if (!root.equals(manifest.merkleRoot()) || walk.tree.size() != manifest.lines()) {
            throw new DamagedSegmentException(file, "its lines are not those of its manifest");
        }
        if (!Arrays.equals(walk.line, record.json())) {
            throw new DamagedSegmentException(file, "seq " + record.seq() + " is another line");
        }
        return new RecordProof(
                segment.stem(),
                record.seq(),
                record.seq() - segment.firstSeq(),
                walk.tree.size(),
                walk.tree.path().stream().map(Sha256.HEX::formatHex).toList(),
                root,
                new String(text, UTF_8),
                Base64.getEncoder().encodeToString(signature),
                manifest.key(),
                Base64.getEncoder().encodeToString(record.json()));
    }

    private static final class Walk implements SealedLines.Visitor {
        private final long wanted;
        private final MerkleTree tree;
        private byte @Nullable [] line;

        Walk(long wanted, long firstSeq) {
            this.wanted = wanted;
            this.tree = MerkleTree.proving(wanted - firstSeq);
        }

        @Override
        public void line(LineScanner scanner, long memberOffset, long lineInMember) {
            if (scanner.seq() == wanted) {
                line = scanner.copy();
            }
            tree.add(scanner.buffer(), scanner.from(), scanner.to() - scanner.from());
        }
    }
}

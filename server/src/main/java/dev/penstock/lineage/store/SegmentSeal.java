package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.penstock.journal.DurableFile;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.LineScanner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Seals one segment: writes its lines, index, manifest and signature in this order, each certain
 * before the next, and then removes the open file. Until that is gone all can be done again from
 * it, so a crash anywhere leaves nothing that a second try does not mend.
 */
final class SegmentSeal {
    static final Set<String> CHAIN_FIELDS = Set.of("w", "seq", "prev", "crc", "kind");
    private static final int COPY_BYTES = 64 * 1024;

    private final DurableFiles files;
    private final SegmentFiles segment;
    private final BlobRefs refs;
    private final MerkleTree tree = new MerkleTree();
    private final SegmentIndex.Builder index = new SegmentIndex.Builder();
    private final Rates.RateSteps rates = new Rates.RateSteps();
    private final MessageDigest sha256 = Sha256.digest();
    private final byte[] hash = new byte[64];
    private @Nullable JsonObject header;
    private @Nullable ObjectNode trailer;
    private String prev = "";
    private long seq;
    private long bytes;
    private long records;
    private @Nullable Long firstTs;
    private @Nullable Long lastTs;
    private long gzBytes;
    private String gzSha256 = "";

    private SegmentSeal(DurableFiles files, SegmentFiles segment) {
        this.files = files;
        this.segment = segment;
        this.refs = new BlobRefs(segment);
    }

    /**
     * Seals a segment that is no longer written to.
     *
     * @param previous the sealed segment before it; null if there is none
     * @throws DamagedSegmentException if its open file is not a chain of whole lines
     * @throws IOException if the disk refuses; it may be tried again
     */
    static SealedHead seal(
            DurableFiles files,
            SegmentFiles segment,
            SigningKey key,
            Instant now,
            @Nullable SealedHead previous)
            throws IOException {
        SegmentSeal seal = new SegmentSeal(files, segment);
        WholeFile.write(files, segment.file(SegmentFiles.Part.LINES), seal::writeLines);
        byte[] idx = seal.index.build();
        WholeFile.write(files, segment.file(SegmentFiles.Part.INDEX), idx);
        byte[] manifest = seal.manifest(Sha256.hex(idx), key, now, previous).toBytes();
        WholeFile.write(files, segment.file(SegmentFiles.Part.MANIFEST), manifest);
        WholeFile.write(files, segment.file(SegmentFiles.Part.SIGNATURE), key.sign(manifest));
        return SealedHead.of(manifest);
    }

    /** Removes the open file of a segment that is sealed. */
    static void removeOpen(DurableFiles files, SegmentFiles segment) throws IOException {
        files.delete(segment.file(SegmentFiles.Part.OPEN));
        files.syncFolder(segment.day());
    }

    /** Whether all that sealing writes is there and fits together. */
    static boolean isWhole(DurableFiles files, SegmentFiles segment, SigningKey key)
            throws IOException {
        if (!segment.isSealed() || !segment.has(SegmentFiles.Part.INDEX)) {
            return false;
        }
        byte[] file = WholeFile.read(files, segment.file(SegmentFiles.Part.MANIFEST));
        Manifest manifest;
        try {
            manifest = Manifest.parse(file);
        } catch (IOException e) {
            return false;
        }
        byte[] signature = WholeFile.read(files, segment.file(SegmentFiles.Part.SIGNATURE));
        return manifest.firstSeq() == segment.firstSeq()
                && key.isSignature(file, signature)
                && manifest.gzSha256().equals(digest(files, segment, SegmentFiles.Part.LINES))
                && manifest.idxSha256().equals(digest(files, segment, SegmentFiles.Part.INDEX));
    }

    static String digest(DurableFiles files, SegmentFiles segment, SegmentFiles.Part part)
            throws IOException {
        MessageDigest digest = Sha256.digest();
        byte[] buffer = new byte[COPY_BYTES];
        try (InputStream in = files.read(segment.file(part))) {
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return Sha256.HEX.formatHex(digest.digest());
    }

    private void writeLines(DurableFile out) throws IOException {
        Path open = segment.file(SegmentFiles.Part.OPEN);
        seq = segment.firstSeq() - 1;
        try (LineScanner lines = new LineScanner(files.read(open), segment.writer());
                MemberWriter members = new MemberWriter(out)) {
            LineScanner.Found found = lines.next();
            while (found == LineScanner.Found.SOUND) {
                take(lines, members);
                found = lines.next();
            }
            if (found != LineScanner.Found.END || header == null) {
                throw damaged(lines.number(), "the line is not as it was written");
            }
            members.finish();
            gzBytes = members.writtenBytes();
            gzSha256 = members.sha256();
        }
    }

    private void take(LineScanner lines, MemberWriter members) throws IOException {
        boolean isFirst = seq == segment.firstSeq() - 1;
        if (lines.seq() != seq + 1 || !(isFirst || lines.follows(hash))) {
            throw damaged(lines.number(), "the line does not follow");
        }
        byte[] buffer = lines.buffer();
        int length = lines.to() - lines.from();
        LineFacts facts = LineFacts.of(buffer, lines.from(), lines.to());
        if (isFirst != facts.kind().equals(LineFacts.HEADER) || trailer != null) {
            throw damaged(lines.number(), "a line of kind " + facts.kind() + " is out of place");
        }
        takeFacts(lines, facts, members);
        rates.line(lines);
        refs.line(buffer, lines.from(), lines.to());
        tree.add(buffer, lines.from(), length);
        sha256.update(buffer, lines.from(), length);
        sha256.update((byte) '\n');
        members.add(buffer, lines.from(), lines.to());
        lines.hash(hash);
        seq++;
        bytes += length + 1;
    }

    private void takeFacts(LineScanner lines, LineFacts facts, MemberWriter members)
            throws IOException {
        if (facts.kind().equals(LineFacts.HEADER)) {
            header = JsonObject.parse(new String(lines.copy(), UTF_8), "the header");
            prev = header.digest("prev");
        } else if (facts.kind().equals(LineFacts.TRAILER)) {
            trailer = JsonObject.parse(new String(lines.copy(), UTF_8), "the trailer").node();
        } else if (facts.rid() != null) {
            index.add(facts.rid(), members.memberOffset(), members.lineInMember());
            records++;
            firstTs = firstTs == null ? facts.ts() : Math.min(firstTs, facts.ts());
            lastTs = lastTs == null ? facts.ts() : Math.max(lastTs, facts.ts());
        }
    }

    private DamagedSegmentException damaged(long line, String why) {
        return new DamagedSegmentException(
                segment.file(SegmentFiles.Part.OPEN), "line " + line + ": " + why);
    }

    private Manifest manifest(
            String idxSha256, SigningKey key, Instant now, @Nullable SealedHead previous)
            throws IOException {
        JsonObject facts = requireNonNull(header);
        return new Manifest(
                segment.writer(),
                segment.stem() + SegmentFiles.Part.LINES.suffix(),
                segment.firstSeq(),
                seq,
                seq - segment.firstSeq() + 1,
                records,
                firstTs,
                lastTs,
                bytes,
                Sha256.HEX.formatHex(sha256.digest()),
                gzBytes,
                gzSha256,
                idxSha256,
                Sha256.HEX.formatHex(tree.root()),
                prev,
                new String(hash, US_ASCII),
                previous == null
                        ? null
                        : new Manifest.Previous(previous.segment(), previous.manifestSha256()),
                trailer == null,
                ChronoUnit.MICROS.between(Instant.EPOCH, now),
                text(facts, "cfg"),
                digestOf(facts, "env"),
                digestOf(facts, "policy"),
                digestOf(facts, "redaction"),
                rates.all(),
                trailerFields(),
                blobs(),
                key.id());
    }

    static String text(JsonObject object, String name) throws IOException {
        String text = object.textOrNull(name);
        return text == null ? "" : text;
    }

    static String digestOf(JsonObject header, String name) throws IOException {
        return header.has(name) ? text(header.object(name), "digest") : "";
    }

    private @Nullable ObjectNode trailerFields() {
        ObjectNode fields = trailer;
        if (fields != null) {
            CHAIN_FIELDS.forEach(fields::remove);
        }
        return fields;
    }

    /**
     * Large tensors were forced before the lines that refer to them. What lies behind the last of
     * those is of no line, and perhaps not on the disk.
     */
    private Manifest.@Nullable BlobFile blobs() throws IOException {
        Path file = segment.file(SegmentFiles.Part.BLOBS);
        long size = files.size(file);
        if (size < 0) {
            return null;
        }
        if (refs.end() == 0) {
            files.delete(file);
            files.syncFolder(segment.day());
            return null;
        }
        if (size > refs.end()) {
            try (DurableFile open = files.open(file)) {
                open.truncate(refs.end());
                open.force();
            }
        }
        return new Manifest.BlobFile(
                Math.min(size, refs.end()), digest(files, segment, SegmentFiles.Part.BLOBS));
    }

    /** Finds how far the lines refer into the file of large tensors. */
    private static final class BlobRefs {
        private final byte[] key;
        private long end;

        BlobRefs(SegmentFiles segment) {
            this.key = BlobWriter.refStart(segment).getBytes(US_ASCII);
        }

        long end() {
            return end;
        }

        void line(byte[] buffer, int from, int to) {
            for (int at = from; at <= to - key.length; at++) {
                // Within a text the quotes would be escaped, so this is a field.
                if (buffer[at] == key[0]
                        && Arrays.equals(buffer, at, at + key.length, key, 0, key.length)) {
                    long offset = digits(buffer, at + key.length, to);
                    int comma = at + key.length + Long.toString(offset).length();
                    int bytesAt = comma + BlobWriter.BYTES_KEY.length();
                    end = Math.max(end, offset + digits(buffer, bytesAt, to));
                }
            }
        }

        private static long digits(byte[] buffer, int from, int to) {
            long value = 0;
            for (int at = from; at < to && buffer[at] >= '0' && buffer[at] <= '9'; at++) {
                value = 10 * value + buffer[at] - '0';
            }
            return value;
        }
    }
}

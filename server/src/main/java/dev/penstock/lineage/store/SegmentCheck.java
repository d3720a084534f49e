package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.journal.Head;
import dev.penstock.journal.LineScanner;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Follows the lines of one segment, and computes of them all that a manifest claims.
 *
 * <p>A fault of a line is thrown as {@link LineFault}.
 */
final class SegmentCheck implements SealedLines.Visitor {
    private final long firstSeq;
    private final @Nullable Head before;
    private final @Nullable Head anchor;
    private final Consumer<String> ids;
    private final byte[] hash = new byte[64];
    private final MessageDigest sha256 = Sha256.digest();
    private final MerkleTree tree = new MerkleTree();
    private final SegmentIndex.Builder index = new SegmentIndex.Builder();
    private final Rates.RateSteps rates = new Rates.RateSteps();
    private @Nullable JsonObject header;
    private @Nullable ObjectNode trailer;
    private String prev = "";
    private long lines;
    private long records;
    private long bytes;
    private long firstTs = Long.MAX_VALUE;
    private long lastTs = Long.MIN_VALUE;

    /**
     * A check of the segment that follows a line.
     *
     * @param before the line before its first; null if it is not known
     * @param anchor a head that the chain must hold; null without one
     * @param ids takes the id of each record
     */
    SegmentCheck(
            long firstSeq, @Nullable Head before, @Nullable Head anchor, Consumer<String> ids) {
        this.firstSeq = firstSeq;
        this.before = before;
        this.anchor = anchor;
        this.ids = ids;
    }

    @Override
    public void line(LineScanner scanner, long memberOffset, long lineInMember) throws IOException {
        lines++;
        requireLink(scanner);
        scanner.hash(hash);
        requireAnchor();
        tree.add(scanner.buffer(), scanner.from(), scanner.to() - scanner.from());
        sha256.update(scanner.buffer(), scanner.from(), scanner.to() - scanner.from());
        sha256.update((byte) '\n');
        bytes += scanner.to() - scanner.from() + 1L;
        try {
            read(scanner, memberOffset, lineInMember);
            rates.line(scanner);
        } catch (LineFault e) {
            throw e;
        } catch (IOException e) {
            throw new LineFault(lines, String.valueOf(e.getMessage()));
        }
    }

    private void requireLink(LineScanner scanner) throws LineFault {
        long wanted = firstSeq + lines - 1;
        if (scanner.seq() != wanted) {
            throw new LineFault(
                    lines, "seq " + scanner.seq() + " stands where " + wanted + " belongs");
        }
        boolean follows =
                lines > 1
                        ? scanner.follows(hash)
                        : before == null || scanner.follows(before.sha256().getBytes(US_ASCII));
        if (!follows) {
            throw new LineFault(lines, "the line does not follow from the one before it");
        }
    }

    private void requireAnchor() throws LineFault {
        if (anchor != null && anchor.seq() == lastSeq() && !anchor.equals(head())) {
            throw new LineFault(lines, "the line is not the expected head");
        }
    }

    private void read(LineScanner scanner, long memberOffset, long lineInMember)
            throws IOException {
        LineFacts facts = LineFacts.of(scanner.buffer(), scanner.from(), scanner.to());
        boolean isHeader = facts.kind().equals(LineFacts.HEADER);
        if (isHeader != (lines == 1) || trailer != null) {
            throw new LineFault(lines, "a line of kind " + facts.kind() + " is out of place");
        }
        String rid = facts.rid();
        if (rid != null) {
            records++;
            firstTs = Math.min(firstTs, facts.ts());
            lastTs = Math.max(lastTs, facts.ts());
            index.add(rid, memberOffset, lineInMember);
            ids.accept(rid);
        } else if (isHeader) {
            header = JsonObject.parse(new String(scanner.copy(), UTF_8), "the header");
            prev = header.digest("prev");
        } else if (facts.kind().equals(LineFacts.TRAILER)) {
            JsonObject read = JsonObject.parse(new String(scanner.copy(), UTF_8), "the trailer");
            requireCounts(read);
            trailer = read.node();
            SegmentSeal.CHAIN_FIELDS.forEach(trailer::remove);
        }
    }

    private void requireCounts(JsonObject read) throws IOException {
        long sampled = read.count("sampled");
        long written = read.count("written");
        long dropped = read.count("dropped");
        if (sampled != written + dropped) {
            throw new IOException(
                    "the trailer counts %d sampled, %d written and %d dropped"
                            .formatted(sampled, written, dropped));
        }
        if (written != records || read.count("records") != records) {
            throw new IOException(
                    "the trailer counts %d written and %d records, and there are %d"
                            .formatted(written, read.count("records"), records));
        }
    }

    /** The first claim of a manifest that does not hold; null if all do. */
    @Nullable String disagreement(Manifest manifest) throws IOException {
        JsonObject facts = header;
        if (facts == null) {
            return "there is no header";
        }
        if (trailer == null && !manifest.isRecovered()) {
            return "there is no trailer, and the manifest does not say that it was recovered";
        }
        if (trailer != null && manifest.isRecovered()) {
            return "there is a trailer, and the manifest says that it was recovered";
        }
        boolean isCounted =
                manifest.lines() == lines
                        && manifest.records() == records
                        && manifest.lastSeq() == lastSeq()
                        && manifest.bytes() == bytes
                        && isTimed(manifest);
        if (!isCounted) {
            return "%d lines, %d records and %d bytes are not what the manifest counts"
                    .formatted(lines, records, bytes);
        }
        return digestDisagreement(manifest, facts);
    }

    private boolean isTimed(Manifest manifest) {
        Long first = records == 0 ? null : Long.valueOf(firstTs);
        Long last = records == 0 ? null : Long.valueOf(lastTs);
        return Objects.equals(manifest.firstTs(), first) && Objects.equals(manifest.lastTs(), last);
    }

    private @Nullable String digestDisagreement(Manifest manifest, JsonObject facts)
            throws IOException {
        if (!manifest.sha256().equals(Sha256.HEX.formatHex(sha256.digest()))) {
            return "the lines' digest is not the manifest's";
        }
        if (!manifest.merkleRoot().equals(Sha256.HEX.formatHex(tree.root()))) {
            return "the lines' Merkle root is not the manifest's";
        }
        if (!manifest.prev().equals(prev) || !manifest.lastSha256().equals(head().sha256())) {
            return "the first or last line's digest is not the manifest's";
        }
        if (!manifest.rates().equals(rates.all())) {
            return "the lines' head rates are not the manifest's";
        }
        if (!Objects.equals(manifest.trailer(), trailer)) {
            return "the trailer is not the manifest's";
        }
        boolean isMadeSo =
                manifest.cfg().equals(SegmentSeal.text(facts, "cfg"))
                        && manifest.env().equals(SegmentSeal.digestOf(facts, "env"))
                        && manifest.policy().equals(SegmentSeal.digestOf(facts, "policy"))
                        && manifest.redaction().equals(SegmentSeal.digestOf(facts, "redaction"));
        return isMadeSo ? null : "the header's digests are not the manifest's";
    }

    byte[] index() {
        return index.build();
    }

    Rates.RateSteps rates() {
        return rates;
    }

    @Nullable JsonObject header() {
        return header;
    }

    @Nullable ObjectNode trailer() {
        return trailer;
    }

    long lines() {
        return lines;
    }

    long records() {
        return records;
    }

    long firstTs() {
        return firstTs;
    }

    private long lastSeq() {
        return firstSeq + lines - 1;
    }

    /** The last line that was followed. */
    Head head() {
        return new Head(lastSeq(), new String(hash, US_ASCII));
    }
}

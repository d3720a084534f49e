package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.journal.MemoryFiles;
import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads all files of a log and says what is wrong with them, by what the format promises and
 * without the code that writes it.
 */
final class LogJudge {
    private static final Pattern LINE =
            Pattern.compile(
                    "\\{\"w\":\"local\",\"seq\":([0-9]+),\"prev\":\"([0-9a-f]{64})\",(.*),"
                            + "\"crc\":\"[0-9a-f]{8}\"}");
    private static final Pattern RID = Pattern.compile("\"rid\":\"([0-9a-f-]{36})\"");
    private static final Pattern REF =
            Pattern.compile(
                    "\"ref\":\\{\"file\":\"([^\"]+)\",\"offset\":([0-9]+),\"bytes\":([0-9]+),"
                            + "\"sha256\":\"([0-9a-f]{64})\"}");

    final Map<String, String> records = new HashMap<>();
    final Map<String, Long> seqs = new HashMap<>();
    int openSegments;
    int sealedSegments;
    int removedSegments;
    int recoveredSegments;
    private final MemoryFiles files;
    private final SigningKey key;
    private long seq;
    private String hash = "0".repeat(64);
    private String previousManifest = "";
    private String fault = "";

    private LogJudge(MemoryFiles files, SigningKey key) {
        this.files = files;
        this.key = key;
    }

    static LogJudge read(MemoryFiles files, SigningKey key) throws IOException {
        LogJudge judge = new LogJudge(files, key);
        for (SegmentFiles segment : LogFixture.segments(files)) {
            judge.segment(segment);
        }
        return judge;
    }

    /** The first thing that is wrong; empty if nothing is. */
    String fault() {
        return fault;
    }

    private void wrong(SegmentFiles segment, String what) {
        if (fault.isEmpty()) {
            fault = segment.stem() + " " + segment.present() + ": " + what;
        }
    }

    private void segment(SegmentFiles segment) throws IOException {
        if (!segment.has(Part.OPEN) && !segment.has(Part.MANIFEST)) {
            wrong(segment, "neither open nor sealed");
            return;
        }
        if (segment.firstSeq() != seq + 1) {
            wrong(segment, "follows seq " + seq);
        }
        Manifest manifest = segment.has(Part.OPEN) ? null : manifest(segment);
        if (manifest != null && !segment.has(Part.LINES)) {
            removedSegments++;
            seq = manifest.lastSeq();
            hash = manifest.lastSha256();
            return;
        }
        openSegments += manifest == null ? 1 : 0;
        sealedSegments += manifest == null ? 0 : 1;
        List<String> lines = LogFixture.lines(files, segment);
        boolean hasTrailer = false;
        for (String line : lines) {
            hasTrailer = line(segment, line).startsWith("\"kind\":\"trailer\"");
        }
        if (manifest != null) {
            recoveredSegments += manifest.isRecovered() ? 1 : 0;
            if (hasTrailer == manifest.isRecovered()
                    || manifest.lines() != lines.size()
                    || manifest.lastSeq() != seq
                    || !manifest.lastSha256().equals(hash)) {
                wrong(segment, "the manifest does not fit");
            }
        }
    }

    private Manifest manifest(SegmentFiles segment) throws IOException {
        byte[] file = files.bytes(segment.file(Part.MANIFEST));
        Manifest manifest = Manifest.parse(file);
        if (!key.isSignature(file, files.bytes(segment.file(Part.SIGNATURE)))) {
            wrong(segment, "the signature is not of the manifest");
        }
        Manifest.Previous previous = manifest.previous();
        String named = previous == null ? "" : previous.manifestSha256();
        if (!named.equals(previousManifest)) {
            wrong(segment, "it names another manifest before it");
        }
        previousManifest = Sha256.hex(file);
        if (!segment.has(Part.LINES)) {
            return manifest;
        }
        byte[] packed = files.bytes(segment.file(Part.LINES));
        byte[] index = files.bytes(segment.file(Part.INDEX));
        if (!Sha256.hex(packed).equals(manifest.gzSha256())
                || packed.length != manifest.gzBytes()
                || !Sha256.hex(index).equals(manifest.idxSha256())
                || SegmentIndex.of(index).count() != manifest.records()) {
            wrong(segment, "lines or index are not those of the manifest");
        }
        Manifest.BlobFile blobs = manifest.blobs();
        if (segment.has(Part.BLOBS) != (blobs != null)
                || (blobs != null
                        && !Sha256.hex(files.bytes(segment.file(Part.BLOBS)))
                                .equals(blobs.sha256()))) {
            wrong(segment, "large tensors are not those of the manifest");
        }
        return manifest;
    }

    private String line(SegmentFiles segment, String line) {
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
            wrong(segment, "no line of a log: " + line);
            return "";
        }
        if (Long.parseLong(parts.group(1)) != seq + 1 || !parts.group(2).equals(hash)) {
            wrong(segment, "the chain breaks after " + seq + ": " + line);
        }
        seq = Long.parseLong(parts.group(1));
        hash = Sha256.hex(line.getBytes(UTF_8));
        Matcher rid = RID.matcher(line);
        if (rid.find()) {
            seqs.put(rid.group(1), seq);
            if (records.put(rid.group(1), parts.group(3)) != null) {
                wrong(segment, "a record stands there twice: " + line);
            }
        }
        Matcher ref = REF.matcher(line);
        while (ref.find()) {
            int offset = Integer.parseInt(ref.group(2));
            int bytes = Integer.parseInt(ref.group(3));
            byte[] all =
                    segment.has(Part.BLOBS)
                            ? files.bytes(segment.day().resolve(ref.group(1)))
                            : new byte[0];
            byte[] blob = Arrays.copyOfRange(all, Math.min(offset, all.length), offset + bytes);
            if (!Sha256.hex(blob).equals(ref.group(4))) {
                wrong(segment, "a tensor is not what it was: " + line);
            }
        }
        return parts.group(3);
    }
}

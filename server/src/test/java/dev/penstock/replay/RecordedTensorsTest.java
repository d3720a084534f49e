package dev.penstock.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.admin.LineageFolder;
import dev.penstock.inference.PredictionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.StoredRecord;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tensors read from lines as they stand in a log; the bits are written down by hand. */
final class RecordedTensorsTest {
    private static final HexFormat HEX = HexFormat.of();

    @TempDir private Path data;
    private final TensorPool pool = new TensorPool(UnpooledByteBufAllocator.DEFAULT, 1 << 20);
    private LineageFolder log;
    private LineageReader reader;

    @BeforeEach
    void open() throws Exception {
        log = new LineageFolder(data, Instant.parse("2026-03-01T00:00:00Z"), "");
        reader = new LineageReader(DurableFiles.DISK, data.resolve("lineage"));
    }

    @AfterEach
    void close() {
        log.close();
        assertEquals(0, pool.bytesOut());
    }

    private StoredRecord record(String tensors) throws Exception {
        PredictionId id = log.id();
        log.json(id, LineageFolder.Body.of("add"), tensors, "[]");
        return reader.find(id).getFirst();
    }

    private static String tensor(String type, String shape, String values) {
        return "[{\"name\":\"x\",\"dtype\":\"%s\",\"shape\":%s,%s}]".formatted(type, shape, values);
    }

    private String bits(StoredRecord record) throws Exception {
        try (TensorSet set = new RecordedTensors(reader, pool).read(record, "in")) {
            byte[] bytes = new byte[set.tensors().getFirst().byteSize()];
            set.tensors().getFirst().data().get(0, bytes);
            return HEX.formatHex(bytes);
        }
    }

    private void reads(String bits, String type, String shape, String data) throws Exception {
        assertEquals(bits, bits(record(tensor(type, shape, "\"data\":[" + data + "]"))), type);
    }

    private void skips(SkipReason reason, String tensors) throws Exception {
        StoredRecord record = record(tensors);
        SkippedException skipped = assertThrows(SkippedException.class, () -> bits(record));
        assertEquals(reason, skipped.reason(), tensors);
    }

    @Test
    void valuesComeBackToTheBit() throws Exception {
        // IEEE 754, little-endian: -0 is a sign alone, the least FP32 is 1 unit.
        reads("0000008001000000cdcccc3d", "FP32", "[3]", "-0.0,1.4E-45,0.1");
        reads("00000000000000800100000000000000", "FP64", "[2]", "-0.0,4.9E-324");
        reads(
                "ffffffffffffffff0000000000000080",
                "UINT64",
                "[2]",
                "18446744073709551615,9223372036854775808");
        reads(
                "ffffffffffffff7f0000000000000080",
                "INT64",
                "[2]",
                "9223372036854775807,-9223372036854775808");
        reads("ff80", "UINT8", "[2]", "255,128");
        reads("ff80", "INT8", "[2]", "-1,-128");
        reads("ffff", "UINT16", "[1]", "65535");
        reads("ffffffff", "UINT32", "[]", "4294967295");
        reads("000101", "BOOL", "[3]", "false,true,true");
        // Two texts, each behind its length: "a", a quote and an e with an acute accent.
        reads("01000000610300000022c3a9", "BYTES", "[2]", "\"a\",\"\\\"\u00e9\"");
        reads("", "FP32", "[0,3]", "");
    }

    @Test
    void rawBytesAndFilesOfTheirOwnComeBack() throws Exception {
        byte[] odd = HEX.parseHex("0100c07f000080ff");
        String text = Base64.getEncoder().encodeToString(odd);
        assertEquals(
                "0100c07f000080ff",
                bits(record(tensor("FP32", "[2]", "\"b64\":\"" + text + "\""))));
        PredictionId id = log.id();
        byte[] large = new byte[70_000];
        large[69_999] = 7;
        log.blob(id, large);
        assertEquals(HEX.formatHex(large), bits(reader.find(id).getFirst()));
    }

    @Test
    void whatCannotBeBuiltAgainIsSkippedAndLeavesNothing() throws Exception {
        skips(SkipReason.NO_VALUES, tensor("FP32", "[1]", "\"sha256\":\"cd\""));
        skips(SkipReason.REDACTED, tensor("FP32", "[2]", "\"data\":[1,null]"));
        skips(SkipReason.REDACTED, tensor("FP32", "[1]", "\"data\":[1],\"red\":[]"));
        skips(SkipReason.DAMAGED, tensor("FP32", "[2]", "\"data\":[1]"));
        skips(SkipReason.DAMAGED, tensor("FP32", "[-1]", "\"data\":[1]"));
        skips(SkipReason.DAMAGED, tensor("FP32", "[9223372036854775807,9]", "\"data\":[1]"));
        skips(SkipReason.DAMAGED, tensor("INT8", "[1]", "\"data\":[128]"));
        skips(SkipReason.DAMAGED, tensor("INT8", "[1]", "\"data\":[1.5]"));
        skips(SkipReason.DAMAGED, tensor("BOOL", "[1]", "\"data\":[1]"));
        skips(SkipReason.DAMAGED, tensor("FP16", "[1]", "\"data\":[1]"));
        skips(SkipReason.DAMAGED, tensor("FP33", "[1]", "\"data\":[1]"));
        skips(SkipReason.DAMAGED, tensor("FP32", "[1]", "\"data\":[[1]]"));
        skips(SkipReason.DAMAGED, tensor("FP32", "[1]", "\"b64\":\"?\""));
        skips(SkipReason.DAMAGED, tensor("BYTES", "[1]", "\"b64\":\"/////w==\""));
        skips(
                SkipReason.DAMAGED,
                tensor(
                        "FP32",
                        "[1]",
                        "\"ref\":{\"file\":\"../x\",\"offset\":0,\"bytes\":4,\"sha256\":\"a\"}"));
        skips(SkipReason.TOO_LARGE, tensor("UINT8", "[1]", "\"ref\":{\"bytes\":99999999999}"));
        String full = Base64.getEncoder().encodeToString(new byte[40_000]);
        String half =
                "{\"name\":\"x\",\"dtype\":\"UINT8\",\"shape\":[40000],\"b64\":\"" + full + "\"}";
        String all = "[" + String.join(",", java.util.Collections.nCopies(20, half)) + "]";
        TensorPool small = new TensorPool(UnpooledByteBufAllocator.DEFAULT, 100_000);
        StoredRecord record = record(all);
        SkippedException skipped =
                assertThrows(
                        SkippedException.class,
                        () -> new RecordedTensors(reader, small).read(record, "in").close());
        assertEquals(SkipReason.MEMORY, skipped.reason());
        assertEquals(0, small.bytesOut());
    }
}

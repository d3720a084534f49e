package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BodyReaderTest {
    private final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, 1 << 28);
    private final BodyReader reader = new BodyReader(pool, Limits.DEFAULT);

    @AfterEach
    void noMemoryIsOut() {
        reader.clear();
        assertEquals(0, pool.bytesOut());
    }

    private static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void addInPieces(byte[] all, Random random, int largest) {
        int at = 0;
        while (at < all.length) {
            int size = Math.min(all.length - at, 1 + random.nextInt(largest));
            reader.add(direct(Arrays.copyOfRange(all, at, at + size)));
            at += size;
        }
    }

    private static ByteBuf direct(byte[] bytes) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes);
    }

    private byte[] gathered() {
        Body body = reader.finish();
        byte[] bytes = new byte[body.length()];
        body.copyTo(bytes, bytes.length);
        return bytes;
    }

    @Test
    void piecesOfAnyLengthMakeTheWhole() {
        Random random = new Random(1);
        for (int round = 0; round < 200; round++) {
            byte[] all = random(1 + random.nextInt(100_000), round);
            reader.begin(round % 2 == 0 ? all.length : -1, 0, null);
            addInPieces(all, random, 1 + random.nextInt(60_000));
            assertArrayEquals(all, gathered());
        }
    }

    @Test
    void whatFollowsTheJsonOfABodyInPiecesIsAligned() {
        for (int json = 0; json < 130; json++) {
            byte[] all = random(5000, json);
            reader.begin(all.length, json, null);
            addInPieces(all, new Random(json), 2000);
            Body body = reader.finish();
            assertTrue(body.isAligned(json, 64));
            Memory memory = body.claim();
            byte[] copy = new byte[all.length];
            memory.bytes().get(body.claimedOffset(), copy);
            assertArrayEquals(all, copy);
            memory.close();
        }
    }

    @Test
    void anAnnouncedBodyTakesNoMoreThanFourTimesWhatCame() {
        int size = 8 << 20;
        byte[] all = random(size, 11);
        int json = 77;
        reader.begin(size, json, null);
        Random random = new Random(11);
        int at = 0;
        while (at < size) {
            int next = Math.min(size - at, 1 + random.nextInt(at < 1 << 20 ? 5_000 : 100_000));
            reader.add(direct(Arrays.copyOfRange(all, at, at + next)));
            at += next;
            // 64 KiB to begin with, and 63 to align what follows the JSON.
            long allowed = Math.min(size, Math.max(64 * 1024, 4L * at)) + 63;
            assertTrue(pool.bytesOut() <= allowed, "after " + at + ": " + pool.bytesOut());
        }
        Body body = reader.finish();
        assertTrue(body.isAligned(json, 64));
        Memory memory = body.claim();
        byte[] copy = new byte[size];
        memory.bytes().get(body.claimedOffset(), copy);
        assertArrayEquals(all, copy);
        memory.close();
    }

    @Test
    void manyAnnouncementsLeaveRoomForARequestThatComes() {
        TensorPool small = new TensorPool(PooledByteBufAllocator.DEFAULT, 4 << 20);
        List<BodyReader> idle = new ArrayList<>();
        for (int i = 0; i < 22; i++) {
            BodyReader announced = new BodyReader(small, Limits.DEFAULT);
            announced.begin(Limits.DEFAULT.bodyBytes(), 0, null);
            announced.add(direct(new byte[1]));
            idle.add(announced);
        }
        BodyReader good = new BodyReader(small, Limits.DEFAULT);
        good.begin(1 << 20, 0, null);
        good.add(direct(new byte[1 << 19]));
        good.add(direct(new byte[1 << 19]));
        assertEquals(1 << 20, good.finish().length());
        good.clear();
        idle.forEach(BodyReader::clear);
        assertEquals(0, small.bytesOut());
    }

    @Test
    void aBodyInOnePieceStaysWhereItLies() {
        ByteBuf piece = direct(random(100, 3));
        reader.begin(100, 0, null);
        reader.add(piece);
        Memory memory = reader.finish().claim();
        piece.setByte(7, 42);
        assertEquals(42, memory.bytes().get(7));
        assertEquals(100, pool.bytesOut());
        memory.close();
        assertEquals(0, piece.refCnt());
    }

    @Test
    void aPieceOnTheHeapIsCopied() {
        byte[] all = random(100, 4);
        reader.begin(100, 0, null);
        reader.add(Unpooled.wrappedBuffer(all));
        assertArrayEquals(all, gathered());
    }

    @Test
    void compressedBodiesOfAnyLengthAreReadInPieces() throws IOException {
        Random random = new Random(5);
        for (int round = 0; round < 100; round++) {
            byte[] all = random(random.nextInt(100_000), round);
            boolean isGzip = round % 2 == 0;
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (DeflaterOutputStream out =
                    isGzip
                            ? new GZIPOutputStream(packed)
                            : new DeflaterOutputStream(packed, new Deflater(round % 10))) {
                out.write(all);
            }
            reader.begin(packed.size(), 0, new Inflate(pool, Limits.DEFAULT, isGzip));
            addInPieces(packed.toByteArray(), random, 1 + random.nextInt(5000));
            assertArrayEquals(all, gathered());
        }
    }

    @Test
    void aGzipHeaderWithAllItsFieldsIsRead() throws IOException {
        byte[] all = random(100, 6);
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(plain)) {
            out.write(all);
        }
        byte[] packed = plain.toByteArray();
        ByteArrayOutputStream full = new ByteArrayOutputStream();
        full.write(packed, 0, 3);
        // FEXTRA, FNAME, FCOMMENT, FHCRC.
        full.write(4 + 8 + 16 + 2);
        full.write(packed, 4, 6);
        full.writeBytes(new byte[] {3, 0, 1, 2, 3, 'n', 0, 'c', 0, 9, 9});
        full.write(packed, 10, packed.length - 10);
        reader.begin(full.size(), 0, new Inflate(pool, Limits.DEFAULT, true));
        addInPieces(full.toByteArray(), new Random(6), 3);
        assertArrayEquals(all, gathered());
    }

    @Test
    void aBodyOfExactlyTheLimitPassesAndOneMoreDoesNot() throws IOException {
        int limit = Limits.DEFAULT.bodyBytes();
        reader.begin(limit, 0, null);
        assertTooLarge(() -> reader.begin(limit + 1L, 0, null));
        byte[] half = new byte[limit / 2];
        reader.begin(-1, 0, null);
        reader.add(Unpooled.wrappedBuffer(half));
        reader.add(Unpooled.wrappedBuffer(half));
        assertTooLarge(() -> reader.add(Unpooled.wrappedBuffer(new byte[1])));
        assertEquals(limit, reader.finish().length());
    }

    private static void assertTooLarge(org.junit.jupiter.api.function.Executable action) {
        FailureException thrown = assertThrows(FailureException.class, action);
        assertTrue(thrown.failure() instanceof Failure.PayloadTooLarge);
    }

    @Test
    void withoutMemoryABodyInPiecesIsRefused() {
        BodyReader poor =
                new BodyReader(new TensorPool(PooledByteBufAllocator.DEFAULT, 100), Limits.DEFAULT);
        poor.begin(1000, 0, null);
        FailureException thrown =
                assertThrows(FailureException.class, () -> poor.add(direct(new byte[10])));
        assertTrue(thrown.failure() instanceof Failure.MemoryFull);
        poor.clear();
    }
}

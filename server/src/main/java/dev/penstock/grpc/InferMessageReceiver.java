package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import dev.penstock.inference.Limits;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Takes a message from the network into pooled memory, in one copy.
 *
 * <p>Why it does not keep the network's own buffers, which grpc-java would hand over: a message of
 * more than one HTTP/2 frame (16 KiB) is never in one piece; a smaller one costs less to copy than
 * to detach; and a piece that is kept holds all of the buffer that it was read into, which no
 * budget would count.
 *
 * <p>The copy is laid so that the message's <em>end</em> is aligned. The raw bytes of the last
 * input stand there, so that a model of one input, and the last input of any other, can run on the
 * message itself.
 */
final class InferMessageReceiver {
    private static final int ALIGNMENT = 8;
    private static final int FIRST_BLOCK_BYTES = 64 * 1024;

    private final TensorPool pool;
    private final Limits limits;

    InferMessageReceiver(TensorPool pool, Limits limits) {
        this.pool = pool;
        this.limits = limits;
    }

    /** Reads a whole message; the caller owns it. The stream stays the caller's. */
    InferMessage receive(InputStream stream) {
        try {
            // Only an uncompressed message says how long it is.
            return stream instanceof KnownLength
                    ? receive(stream, stream.available())
                    : inflate(stream);
        } catch (StatusRuntimeException e) {
            return InferMessage.refused(refusal(e));
        } catch (IOException e) {
            return InferMessage.refused(
                    new Failure.InvalidInput("MALFORMED_ENCODING", "malformed compressed message"));
        }
    }

    private InferMessage receive(InputStream stream, int length) throws IOException {
        Memory block = pool.take(length + ALIGNMENT);
        if (block == null) {
            return InferMessage.refused(new Failure.MemoryFull());
        }
        ByteBuffer target = block.bytes();
        int begin = (ALIGNMENT - 1) & -target.alignmentOffset(length, ALIGNMENT);
        try {
            copy(stream, target, begin, length);
            InferMessage message = new InferMessage(block, begin, begin + length, null);
            block = null;
            return message;
        } finally {
            if (block != null) {
                block.close();
            }
        }
    }

    private static void copy(InputStream stream, ByteBuffer target, int begin, int length)
            throws IOException {
        int at = begin;
        int end = begin + length;
        if (stream instanceof HasByteBuffer pieces && pieces.byteBufferSupported()) {
            while (at < end) {
                ByteBuffer piece = pieces.getByteBuffer();
                if (piece == null || !piece.hasRemaining()) {
                    break;
                }
                int bytes = Math.min(piece.remaining(), end - at);
                target.put(at, piece, piece.position(), bytes);
                stream.skipNBytes(bytes);
                at += bytes;
            }
        }
        if (at < end) {
            target.put(at, stream.readNBytes(end - at));
        }
    }

    // Grows by doubling; The stream ends with an exception past the limits of a message.
    private InferMessage inflate(InputStream stream) throws IOException {
        byte[] chunk = new byte[8 * 1024];
        Memory block = pool.take(FIRST_BLOCK_BYTES);
        int length = 0;
        try {
            while (block != null) {
                int read = stream.read(chunk);
                if (read < 0) {
                    break;
                }
                if (read > block.size() - ALIGNMENT - length) {
                    block = grown(block, length);
                    if (block == null) {
                        break;
                    }
                }
                block.bytes().put(length, chunk, 0, read);
                length += read;
            }
            if (block == null) {
                return InferMessage.refused(new Failure.MemoryFull());
            }
            InferMessage message = aligned(block, length);
            block = null;
            return message;
        } finally {
            if (block != null) {
                block.close();
            }
        }
    }

    private @Nullable Memory grown(Memory block, int length) {
        try (block) {
            Memory larger = pool.take(2 * block.size());
            if (larger != null) {
                larger.bytes().put(0, block.bytes(), 0, length);
            }
            return larger;
        }
    }

    private static InferMessage aligned(Memory block, int length) {
        ByteBuffer bytes = block.bytes();
        int begin = (ALIGNMENT - 1) & -bytes.alignmentOffset(length, ALIGNMENT);
        bytes.put(begin, bytes, 0, length);
        return new InferMessage(block, begin, begin + length, null);
    }

    private Failure refusal(StatusRuntimeException why) {
        if (why.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED) {
            return new Failure.PayloadTooLarge(
                    "the message grows to more than "
                            + limits.bodyBytes()
                            + " bytes, or to more than "
                            + limits.inflateRatio()
                            + " times its compressed size");
        }
        return new Failure.InvalidInput("MALFORMED_ENCODING", "malformed compressed message");
    }
}

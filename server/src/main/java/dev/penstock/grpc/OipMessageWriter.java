package dev.penstock.grpc;

import dev.penstock.inference.PredictionId;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A ModelInferResponse on its way out: the tensors' bytes go from where the model left them into
 * grpc-java's network buffers, with no message in between.
 *
 * <p>Outputs are always raw contents, whatever the request used. The stream that it is reads from
 * the tensors: it must be drained before their exchange is closed, and grpc-java does so within
 * {@code sendMessage}.
 */
final class OipMessageWriter extends InputStream implements Drainable, KnownLength {
    private static final int ID = WireCursor.tag(3, WireCursor.LENGTH);
    private static final int OUTPUTS = WireCursor.tag(5, WireCursor.LENGTH);
    private static final int RAW_CONTENTS = WireCursor.tag(6, WireCursor.LENGTH);
    private static final int OUTPUT_DIMS = WireCursor.tag(3, WireCursor.LENGTH);
    private static final int SCRATCH_BYTES = 16 * 1024;

    private static final FastThreadLocal<byte[]> SCRATCH =
            new FastThreadLocal<>() {
                @Override
                protected byte[] initialValue() {
                    return new byte[SCRATCH_BYTES];
                }
            };

    private final VersionText version;
    private final byte[] id;
    private final List<Tensor> outputs;
    private final long size;

    private byte[] scratch = new byte[0];
    private int filled;
    private @Nullable InputStream whole;

    /**
     * @param id the caller's; the prediction's own stands in when it is null
     */
    OipMessageWriter(
            VersionText version,
            @Nullable String id,
            PredictionId prediction,
            List<Tensor> outputs) {
        this.version = version;
        this.outputs = outputs;
        if (id == null) {
            this.id = new byte[PredictionId.LENGTH];
            prediction.write(this.id, 0);
        } else {
            this.id = id.getBytes(StandardCharsets.UTF_8);
        }
        this.size = size();
    }

    /** Bytes of the whole message. */
    long byteSize() {
        return size;
    }

    private long size() {
        long sum = version.head().length + fieldBytes(id.length);
        for (int i = 0; i < outputs.size(); i++) {
            Tensor output = outputs.get(i);
            sum += fieldBytes(outputBytes(output)) + fieldBytes(output.byteSize());
        }
        return sum;
    }

    private int outputBytes(Tensor output) {
        int dims = dimsBytes(output.shape());
        return version.outputHead(output).length + (dims == 0 ? 0 : (int) fieldBytes(dims));
    }

    private static int dimsBytes(Shape shape) {
        int bytes = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            bytes += varintBytes(shape.dim(axis));
        }
        return bytes;
    }

    // The tags of all fields here are one byte.
    private static long fieldBytes(int length) {
        return 1L + varintBytes(length) + length;
    }

    private static int varintBytes(long value) {
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        scratch = SCRATCH.get();
        filled = 0;
        write(target, version.head());
        lengthOf(target, ID, id.length);
        write(target, id);
        for (int i = 0; i < outputs.size(); i++) {
            writeOutput(target, outputs.get(i));
        }
        for (int i = 0; i < outputs.size(); i++) {
            lengthOf(target, RAW_CONTENTS, outputs.get(i).byteSize());
            write(target, outputs.get(i).data());
        }
        target.write(scratch, 0, filled);
        return (int) size;
    }

    private void writeOutput(OutputStream target, Tensor output) throws IOException {
        lengthOf(target, OUTPUTS, outputBytes(output));
        write(target, version.outputHead(output));
        Shape shape = output.shape();
        if (shape.rank() == 0) {
            return;
        }
        lengthOf(target, OUTPUT_DIMS, dimsBytes(shape));
        for (int axis = 0; axis < shape.rank(); axis++) {
            varint(target, shape.dim(axis));
        }
    }

    private void lengthOf(OutputStream target, int tag, int length) throws IOException {
        varint(target, tag);
        varint(target, length);
    }

    private void varint(OutputStream target, long value) throws IOException {
        if (scratch.length - filled < 10) {
            flush(target);
        }
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            scratch[filled++] = (byte) ((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        scratch[filled++] = (byte) rest;
    }

    private void write(OutputStream target, byte[] bytes) throws IOException {
        if (bytes.length > scratch.length - filled) {
            flush(target);
        }
        if (bytes.length > scratch.length) {
            target.write(bytes, 0, bytes.length);
            return;
        }
        System.arraycopy(bytes, 0, scratch, filled, bytes.length);
        filled += bytes.length;
    }

    private void write(OutputStream target, ByteBuffer bytes) throws IOException {
        int at = 0;
        while (at < bytes.limit()) {
            if (filled == scratch.length) {
                flush(target);
            }
            int part = Math.min(scratch.length - filled, bytes.limit() - at);
            bytes.get(at, scratch, filled, part);
            filled += part;
            at += part;
        }
    }

    private void flush(OutputStream target) throws IOException {
        target.write(scratch, 0, filled);
        filled = 0;
    }

    @Override
    public int available() {
        return (int) size;
    }

    // grpc-java drains; whoever reads instead gets a copy of all.
    private InputStream whole() throws IOException {
        InputStream made = whole;
        if (made == null) {
            ByteArrayOutputStream copy = new ByteArrayOutputStream((int) size);
            drainTo(copy);
            made = new ByteArrayInputStream(copy.toByteArray());
            whole = made;
        }
        return made;
    }

    @Override
    public int read() throws IOException {
        return whole().read();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return whole().read(target, offset, length);
    }
}

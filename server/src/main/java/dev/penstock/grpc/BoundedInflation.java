package dev.penstock.grpc;

import dev.penstock.inference.Limits;
import io.grpc.Decompressor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads compressed messages, and ends those that grow out of proportion to what was sent. That a
 * message is not larger than messages may be, grpc-java sees to.
 */
final class BoundedInflation implements Decompressor {
    private interface Format {
        InputStream open(InputStream compressed) throws IOException;
    }

    private final String name;
    private final Format format;
    private final Limits limits;

    private BoundedInflation(String name, Format format, Limits limits) {
        this.name = name;
        this.format = format;
        this.limits = limits;
    }

    static BoundedInflation gzip(Limits limits) {
        return new BoundedInflation("gzip", ExactInflation::gzip, limits);
    }

    /** The zlib format, which clients offer and grpc-java lacks. */
    static BoundedInflation deflate(Limits limits) {
        return new BoundedInflation("deflate", ExactInflation::zlib, limits);
    }

    @Override
    public String getMessageEncoding() {
        return name;
    }

    @Override
    public InputStream decompress(InputStream compressed) throws IOException {
        // All of the message is there: grpc-java decompresses none that is not complete.
        long inProportion = (long) compressed.available() * limits.inflateRatio();
        return new Inflating(compressed, Math.max(limits.inflateFloorBytes(), inProportion));
    }

    private final class Inflating extends InputStream {
        private final InputStream compressed;
        private final long maxBytes;
        private final byte[] one = new byte[1];
        private long count;
        private @Nullable InputStream plain;

        Inflating(InputStream compressed, long maxBytes) {
            this.compressed = compressed;
            this.maxBytes = maxBytes;
        }

        @Override
        public int read() throws IOException {
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        // Opened by the first read, where a fault in what is sent can be answered; one that is
        // found when the call has no message yet would only end it.
        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            InputStream opened = plain;
            if (opened == null) {
                opened = format.open(compressed);
                plain = opened;
            }
            int read = opened.read(target, offset, length);
            count += Math.max(0, read);
            if (count > maxBytes) {
                throw Status.RESOURCE_EXHAUSTED
                        .withDescription(
                                "message grows to more than "
                                        + limits.inflateRatio()
                                        + " times its compressed size")
                        .asRuntimeException();
            }
            return read;
        }

        @Override
        public void close() throws IOException {
            InputStream opened = plain;
            if (opened == null) {
                compressed.close();
            } else {
                opened.close();
            }
        }
    }
}

package dev.penstock.http;

import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;

/** Trailers are counted and dropped: nothing that this server reads may stand there. */
final class TrailerFields extends EmptyHttpHeaders {
    // Colon, space and line end.
    private static final int SEPARATOR_BYTES = 4;

    private final int maxBytes;
    private int bytes;

    TrailerFields(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    TrailerFields reset() {
        bytes = 0;
        return this;
    }

    @Override
    public HttpHeaders add(CharSequence name, Object value) {
        count(((CharSequence) value).length());
        return this;
    }

    /**
     * A field begins. Its name is counted here: all that nobody looks at are given to {@link #add}
     * as one and the same.
     */
    void named(int nameBytes) {
        count(nameBytes + SEPARATOR_BYTES);
    }

    private void count(int more) {
        bytes += more;
        if (bytes > maxBytes) {
            throw new FramingException(
                    new HttpError(
                            431,
                            "TRAILER_TOO_LARGE",
                            "trailers of more than " + maxBytes + " bytes",
                            null));
        }
    }

    @Override
    public HttpHeaders add(String name, Object value) {
        return add((CharSequence) name, value);
    }
}

package dev.penstock.http;

import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;

/** Trailers are counted and dropped: nothing that this server reads may stand there. */
final class TrailerFields extends EmptyHttpHeaders {
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
        bytes += name.length() + ((CharSequence) value).length() + 4;
        if (bytes > maxBytes) {
            throw new FramingException(
                    new HttpError(
                            431,
                            "TRAILER_TOO_LARGE",
                            "trailers of more than " + maxBytes + " bytes",
                            null));
        }
        return this;
    }

    @Override
    public HttpHeaders add(String name, Object value) {
        return add((CharSequence) name, value);
    }
}

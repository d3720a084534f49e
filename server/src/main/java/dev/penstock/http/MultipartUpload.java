package dev.penstock.http;

import dev.penstock.admin.UploadException;
import dev.penstock.admin.UploadSource;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.multipart.Attribute;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.FileUpload;
import io.netty.handler.codec.http.multipart.HttpPostMultipartRequestDecoder;
import io.netty.handler.codec.http.multipart.HttpPostRequestDecoder;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A form with files, stored while it comes. For one thread, which may wait; the event loop only
 * hands the bytes over.
 */
final class MultipartUpload implements UploadSource {
    private static final int MAX_PARTS = 16;
    private static final int MAX_PART_HEAD_BYTES = 16 * 1024;
    private static final int MAX_FIELD_BYTES = 64 * 1024;
    private static final long FORM_BYTES = 1 << 20;

    private final HttpRequest request;
    private final UploadBody body;
    private final Map<String, String> fields = new LinkedHashMap<>();
    private final Map<String, Path> files = new LinkedHashMap<>();

    MultipartUpload(HttpRequest request, UploadBody body) {
        this.request = request;
        this.body = body;
    }

    @Override
    public Received receive(Path folder, long maxFileBytes)
            throws IOException, InterruptedException, UploadException {
        if (!HttpPostRequestDecoder.isMultipart(request)) {
            throw UploadException.malformed("the form's type names no boundary");
        }
        DefaultHttpDataFactory store = new DefaultHttpDataFactory(true, StandardCharsets.UTF_8);
        store.setBaseDir(folder.toString());
        store.setDeleteOnExit(false);
        store.setMaxLimit(maxFileBytes);
        HttpPostMultipartRequestDecoder decoder;
        try {
            decoder =
                    new HttpPostMultipartRequestDecoder(
                            store, request, StandardCharsets.UTF_8, MAX_PARTS, MAX_PART_HEAD_BYTES);
        } catch (HttpPostRequestDecoder.ErrorDataDecoderException e) {
            throw malformed(e);
        }
        try {
            receive(decoder, folder, maxFileBytes);
            return new Received(fields, files);
        } finally {
            decoder.destroy();
            store.cleanAllHttpData();
        }
    }

    private static UploadException malformed(RuntimeException cause) {
        if (cause.getCause() instanceof IOException tooLong
                && String.valueOf(tooLong.getMessage()).startsWith("Size exceed")) {
            return UploadException.tooLarge();
        }
        return UploadException.malformed("the form cannot be read");
    }

    private void receive(HttpPostMultipartRequestDecoder decoder, Path folder, long maxFileBytes)
            throws IOException, InterruptedException, UploadException {
        long bytes = 0;
        boolean isLast = false;
        while (!isLast) {
            HttpContent content = body.take();
            try {
                isLast = content instanceof LastHttpContent;
                bytes += content.content().readableBytes();
                if (bytes > maxFileBytes + FORM_BYTES) {
                    throw UploadException.tooLarge();
                }
                decoder.offer(content);
                takeParts(decoder, folder);
            } catch (HttpPostRequestDecoder.ErrorDataDecoderException
                    | HttpPostRequestDecoder.TooManyFormFieldsException
                    | HttpPostRequestDecoder.TooLongFormFieldException e) {
                throw malformed(e);
            } finally {
                content.release();
            }
        }
        if (!isComplete(decoder)) {
            throw UploadException.malformed("the form ends before its end");
        }
    }

    private void takeParts(HttpPostMultipartRequestDecoder decoder, Path folder)
            throws IOException, UploadException {
        try {
            while (decoder.hasNext()) {
                InterfaceHttpData part = decoder.next();
                if (part == null) {
                    return;
                }
                try {
                    take(part, folder);
                } finally {
                    decoder.removeHttpDataFromClean(part);
                    part.release();
                }
            }
        } catch (HttpPostRequestDecoder.EndOfDataDecoderException e) {
            // Whether that was all of it is asked when the body has ended.
        }
    }

    private void take(InterfaceHttpData part, Path folder) throws IOException, UploadException {
        String name = part.getName();
        boolean isNew =
                switch (part) {
                    case FileUpload file -> {
                        Path place = folder.resolve("part-" + files.size());
                        boolean isStored = file.renameTo(place.toFile());
                        yield isStored && files.putIfAbsent(name, place) == null;
                    }
                    case Attribute field -> {
                        if (field.length() > MAX_FIELD_BYTES) {
                            throw UploadException.malformed("part '" + name + "' is too long");
                        }
                        yield fields.putIfAbsent(name, field.getValue()) == null;
                    }
                    default -> throw UploadException.malformed("a part of an unknown kind");
                };
        if (!isNew || (fields.containsKey(name) && files.containsKey(name))) {
            throw UploadException.malformed("part '" + name + "' is there twice");
        }
    }

    // The decoder says "end of data" only past the closing delimiter.
    private static boolean isComplete(HttpPostMultipartRequestDecoder decoder) {
        try {
            decoder.offer(LastHttpContent.EMPTY_LAST_CONTENT);
            var _ = decoder.hasNext();
            return false;
        } catch (HttpPostRequestDecoder.ErrorDataDecoderException e) {
            return false;
        } catch (HttpPostRequestDecoder.EndOfDataDecoderException e) {
            return true;
        }
    }
}

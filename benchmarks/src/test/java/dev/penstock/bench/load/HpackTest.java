package dev.penstock.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import org.junit.jupiter.api.Test;

class HpackTest {
    @Test
    void bothBlocksMeanTheSameHeaders() throws Http2Exception {
        DefaultHttp2HeadersDecoder netty = new DefaultHttp2HeadersDecoder();
        for (byte[] block : new byte[][] {Hpack.first("a:1"), Hpack.again(), Hpack.again()}) {
            Http2Headers headers = netty.decodeHeaders(1, Unpooled.wrappedBuffer(block));
            assertEquals(7, headers.size());
            assertEquals("POST", headers.method().toString());
            assertEquals("http", headers.scheme().toString());
            assertEquals("a:1", headers.authority().toString());
            assertEquals("/inference.GRPCInferenceService/ModelInfer", headers.path().toString());
            assertEquals("trailers", headers.get("te").toString());
            assertEquals("application/grpc", headers.get("content-type").toString());
        }
    }
}

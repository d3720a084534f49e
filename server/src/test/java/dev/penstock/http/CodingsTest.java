package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class CodingsTest {
    @Test
    void theHighestQualityWinsThenTheFirst() {
        assertEquals(Codings.GZIP, Codings.preferred("gzip, deflate"));
        assertEquals(Codings.DEFLATE, Codings.preferred("deflate, gzip"));
        assertEquals(Codings.DEFLATE, Codings.preferred("gzip;q=0.4, deflate;q=0.5"));
        assertEquals(Codings.GZIP, Codings.preferred("identity;q=0.5, gzip;q=1.000"));
        assertEquals(Codings.IDENTITY, Codings.preferred("identity, gzip"));
        assertEquals(Codings.GZIP, Codings.preferred("br, zstd, GZIP ; Q=0.001"));
    }

    @Test
    void whatIsNotNamedOrNotWellFormedIsNotChosen() {
        for (String header :
                new String[] {
                    "",
                    "*",
                    "br",
                    "gzip;q=0",
                    "gzip;q=0.000",
                    "gzip;q=2",
                    "gzip;q=",
                    "gzip;x=1",
                    "gzip;q=1;x",
                    "gzip;q=0.1234",
                    "gzip;q=-1",
                    "gzipp",
                    ",,,"
                }) {
            assertEquals(Codings.IDENTITY, Codings.preferred(header), header);
        }
        assertEquals(Codings.IDENTITY, Codings.preferred(null));
    }
}

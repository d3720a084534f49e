package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

final class GzipMembersTest {
    private static byte[] member(String text) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(text.getBytes(UTF_8));
        }
        return out.toByteArray();
    }

    private static byte[] join(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    private static GzipMembers open(byte[] file) {
        return new GzipMembers(new ByteArrayInputStream(file), 0);
    }

    private static String text(GzipMembers members) {
        return new String(members.bytes(), 0, members.length(), UTF_8);
    }

    @Test
    void membersAreReadOneAfterTheOther() throws Exception {
        // More than fits a chunk of input or output, also when compressed.
        StringBuilder long1 = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            long1.append(Integer.toHexString(i * 0x9e3779b1));
        }
        byte[] first = member(long1.toString());
        assertTrue(first.length > 300_000);
        try (GzipMembers members = open(join(first, join(member(""), member("end"))))) {
            assertTrue(members.next());
            assertEquals(long1.toString(), text(members));
            assertTrue(members.next());
            assertEquals(0, members.length());
            assertEquals(first.length, members.offset());
            assertTrue(members.next());
            assertEquals("end", text(members));
            assertFalse(members.next());
        }
    }

    @Test
    void everyChangedOrMissingByteIsAnError() throws Exception {
        byte[] file = join(member("one"), member("two"));
        for (int length = 1; length < file.length; length++) {
            if (length != member("one").length) {
                byte[] cut = Arrays.copyOf(file, length);
                assertThrows(IOException.class, () -> readAll(cut), "cut at " + length);
            }
        }
        for (int at = 0; at < file.length; at++) {
            byte[] changed = file.clone();
            changed[at] ^= 0x10;
            // Some bits say nothing of the content: the time, and those that fill the last byte.
            assertEquals("onetwo", readOrRefuse(changed), "changed at " + at);
        }
        assertThrows(IOException.class, () -> readAll(join(file, new byte[] {0})));
    }

    private static String readOrRefuse(byte[] file) {
        try {
            return readAll(file);
        } catch (IOException e) {
            return "onetwo";
        }
    }

    private static String readAll(byte[] file) throws IOException {
        StringBuilder all = new StringBuilder();
        try (GzipMembers members = open(file)) {
            while (members.next()) {
                all.append(text(members));
            }
        }
        return all.toString();
    }
}

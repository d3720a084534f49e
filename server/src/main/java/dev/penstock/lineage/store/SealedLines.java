package dev.penstock.lineage.store;

import dev.penstock.journal.LineScanner;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Walks over the lines of a sealed segment, gzip member by gzip member. */
final class SealedLines {
    private SealedLines() {}

    /** Is given each line in turn. */
    interface Visitor {
        /**
         * A sound line.
         *
         * @param line stands on it
         * @param memberOffset where its gzip member begins in the file
         * @param lineInMember from 0
         */
        void line(LineScanner line, long memberOffset, long lineInMember) throws IOException;

        /** The bytes of a member, before its lines. */
        default void member(byte[] bytes, int length) {}
    }

    /**
     * Visits all lines.
     *
     * @param in the file; closed
     * @throws LineFault at a line that is not sound
     * @throws IOException at a member that is not
     */
    static void walk(InputStream in, String writer, Visitor visitor) throws IOException {
        long lines = 0;
        try (GzipMembers members = new GzipMembers(in, 0)) {
            while (members.next()) {
                visitor.member(members.bytes(), members.length());
                lines += walkMember(members, writer, lines, visitor);
            }
        }
    }

    private static long walkMember(GzipMembers members, String writer, long before, Visitor visitor)
            throws IOException {
        InputStream bytes = new ByteArrayInputStream(members.bytes(), 0, members.length());
        try (LineScanner scanner = new LineScanner(bytes, writer)) {
            LineScanner.Found found = scanner.next();
            while (found == LineScanner.Found.SOUND) {
                visitor.line(scanner, members.offset(), scanner.number() - 1);
                found = scanner.next();
            }
            if (found != LineScanner.Found.END) {
                throw new LineFault(before + scanner.number(), "the line is not as it was written");
            }
            return scanner.number();
        }
    }
}

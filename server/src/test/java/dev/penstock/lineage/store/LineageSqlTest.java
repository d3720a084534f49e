package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the SQL that is shipped over a log as the writer leaves it. */
final class LineageSqlTest {
    private static final Path SQL = Path.of("..", "config", "lineage.sql");

    @TempDir Path data;
    private WrittenLog log;
    private Connection database;

    /** 100 records and 20 shadows sealed, 50 and 10 in the open segment, which ends torn. */
    @BeforeEach
    void open() throws Exception {
        log = new WrittenLog(data);
        log.append(0, 100);
        log.rate(0.25);
        log.roll();
        log.append(100, 150);
        Files.writeString(
                log.segments().getLast().file(Part.OPEN),
                "{\"w\":\"local\",\"seq\":190,\"prev\":\"00",
                StandardOpenOption.APPEND);
        database = DriverManager.getConnection("jdbc:duckdb:");
        try (Statement statement = database.createStatement()) {
            statement.execute("SET VARIABLE lineage = '" + log.folder + "'");
            statement.execute(Files.readString(SQL));
        }
    }

    @AfterEach
    void close() throws SQLException {
        database.close();
    }

    private List<String> rows(String query) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Statement statement = database.createStatement();
                ResultSet found = statement.executeQuery(query)) {
            int columns = found.getMetaData().getColumnCount();
            while (found.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= columns; i++) {
                    row.add(String.valueOf(found.getString(i)));
                }
                rows.add(String.join(" ", row));
            }
        }
        return rows;
    }

    @Test
    void countsAreThoseOfTheTrailers() throws Exception {
        assertEquals(
                List.of("1 123 120 120 120 120 0", "124 184 60 null null null null"),
                rows(
                        "SELECT first_seq, last_seq, records, trailer_records, sampled, written,"
                                + " dropped FROM lineage_segments"));
    }

    @Test
    void everyLinkHoldsAndAChangedLineBreaksOne() throws Exception {
        assertEquals(
                List.of("184 183"), rows("SELECT count(*), count_if(follows) FROM lineage_chain"));
        assertEquals(List.of("0"), rows("SELECT count(*) FROM lineage_broken_links"));
        Path open = log.segments().getLast().file(Part.OPEN);
        Files.writeString(open, Files.readString(open).replaceFirst("\"rev\":3", "\"rev\":4"));
        // The second line of the segment is changed, so the third does not follow.
        assertEquals(List.of("126"), rows("SELECT seq FROM lineage_broken_links"));
    }

    @Test
    void whatIsCountedIsWeighted() throws Exception {
        // churn has the odd records, and none of them goes to the canary: 75 of 150. The 15 that
        // end with 9 failed and have weight 1, the other 60 have weight 2: 135 requests.
        // Latency is 100 n. Sum of n: all odd 5625; those that end with 9, 15 * 9 + 10 * (0 + 1 +
        // … + 14) = 1185. Mean 100 * (2 * (5625 - 1185) + 1185) / 135 = 7455.6.
        assertEquals(
                List.of("churn 1 stable 75 135.0 0.1111 7455.6"),
                rows(
                        "SELECT model, version, arm, records, requests, round(error_rate, 4),"
                                + " round(mean_micros, 1) FROM lineage_requests"
                                + " WHERE model = 'churn'"));
        // Of five odd numbers in each ten the weights are 2, 2, 2, 2, 1: nine a ten. Half of 135
        // is 67.5: seven tens have 63, and 71, 73, 75 bring it to 69. 95 % is 128.25: fourteen
        // tens have 126, and 141 and 143 bring it to 130.
        assertEquals(
                List.of("7500 14300"),
                rows(
                        "SELECT p50_micros, p95_micros FROM lineage_requests"
                                + " WHERE model = 'churn'"));
        assertEquals(
                List.of("fraud 1 canary:b 38", "fraud 1 stable 37"),
                rows(
                        "SELECT model, version, arm, records FROM lineage_requests"
                                + " WHERE model = 'fraud'"));
    }

    @Test
    void shadowsStandBesideWhatWasAnswered() throws Exception {
        assertEquals(
                List.of("30 equal 1 2"),
                rows(
                        "SELECT count(*), any_value(verdict), any_value(version),"
                                + " any_value(shadow_version) FROM lineage_pairs"));
    }

    @Test
    void aSegmentInTwoFilesIsCountedOnce() throws IOException, SQLException {
        List<String> before = rows("SELECT count(*) FROM lineage_records");
        assertEquals(List.of("180"), before);
        SegmentFiles first = log.segments().getFirst();
        List<String> lines = new ArrayList<>();
        try (var in =
                new java.util.zip.GZIPInputStream(Files.newInputStream(first.file(Part.LINES)))) {
            new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                    .lines()
                    .forEach(lines::add);
        }
        Files.write(first.file(Part.OPEN), lines);
        assertEquals(before, rows("SELECT count(*) FROM lineage_records"));
        assertEquals(List.of("0"), rows("SELECT count(*) FROM lineage_broken_links"));
    }
}

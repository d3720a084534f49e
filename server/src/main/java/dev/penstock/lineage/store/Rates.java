package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.LineScanner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * Which head rates were in force at a time. A header gives those of all models known when its
 * segment began; a line follows for each change.
 */
final class Rates {
    // A model that was idle when a server started is in no header until it is asked for.
    private static final int MAX_SEGMENTS = 16;

    private Rates() {}

    /** The rate of each model at a time, from the segments that were written before it. */
    static Map<String, Double> at(
            long ts, List<SegmentFiles> segments, Manifests manifests, DurableFiles files)
            throws IOException {
        Map<String, Double> rates = new TreeMap<>();
        int read = 0;
        for (SegmentFiles segment : segments.reversed()) {
            List<Manifest.RateStep> steps = steps(segment, manifests, files);
            Map<String, Double> here = new TreeMap<>();
            for (Manifest.RateStep step : steps) {
                if (step.ts() <= ts) {
                    here.put(step.model(), step.rate());
                }
            }
            here.forEach(rates::putIfAbsent);
            read += here.isEmpty() ? 0 : 1;
            if (read == MAX_SEGMENTS) {
                break;
            }
        }
        return rates;
    }

    private static List<Manifest.RateStep> steps(
            SegmentFiles segment, Manifests manifests, DurableFiles files) throws IOException {
        if (segment.isOpen()) {
            return ofOpen(segment, files);
        }
        return segment.has(SegmentFiles.Part.MANIFEST) ? manifests.of(segment).rates() : List.of();
    }

    private static List<Manifest.RateStep> ofOpen(SegmentFiles segment, DurableFiles files)
            throws IOException {
        RateSteps steps = new RateSteps();
        try (LineScanner scanner =
                new LineScanner(
                        files.read(segment.file(SegmentFiles.Part.OPEN)), segment.writer())) {
            while (scanner.next() == LineScanner.Found.SOUND) {
                steps.line(scanner);
            }
        }
        return steps.all();
    }

    /** Gathers the steps from the lines of one segment. */
    static final class RateSteps {
        private final List<Manifest.RateStep> steps = new ArrayList<>();
        private final Map<String, Double> ofHeader = new TreeMap<>();

        void line(LineScanner scanner) throws IOException {
            LineFacts facts = LineFacts.of(scanner.buffer(), scanner.from(), scanner.to());
            boolean isHeader = facts.kind().equals(LineFacts.HEADER);
            if (!isHeader && !ofHeader.isEmpty() && facts.ts() >= 0) {
                // A header has no time of its own: its rates are in force from its first line on.
                ofHeader.forEach(
                        (model, rate) -> steps.add(new Manifest.RateStep(facts.ts(), model, rate)));
                ofHeader.clear();
            }
            if (isHeader || facts.kind().equals(LineFacts.RATE)) {
                String text = new String(scanner.copy(), UTF_8);
                JsonObject line = JsonObject.parse(text, "line " + scanner.seq());
                if (isHeader) {
                    header(line);
                } else {
                    steps.add(
                            new Manifest.RateStep(
                                    line.number("ts"), line.text("model"), line.real("rate")));
                }
            }
        }

        private void header(JsonObject line) throws IOException {
            if (!line.has("rates")) {
                return;
            }
            for (Map.Entry<String, JsonNode> rate : line.object("rates").node().properties()) {
                ofHeader.put(rate.getKey(), rate.getValue().asDouble(0));
            }
        }

        List<Manifest.RateStep> all() {
            return steps;
        }
    }
}

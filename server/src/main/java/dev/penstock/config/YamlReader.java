package dev.penstock.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingEndEvent;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceEndEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * One YAML document to {@link Node}s. It takes the plain core of YAML: scalars, lists and mappings
 * with text keys. Anchors, aliases, tags and further documents are refused, a key may stand once in
 * its mapping, and size and depth are bounded, so that no document can cost more than its bytes.
 */
final class YamlReader {
    static final int MAX_BYTES = 64 * 1024;
    static final int MAX_DEPTH = 16;

    private final String source;
    private final List<Fault> faults;
    private final Iterator<Event> events;
    private int depth;

    /** Ends the reading of a document after its fault was noted. */
    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stop() {
            super(null, null, false, false);
        }
    }

    private YamlReader(String source, String text, List<Fault> faults) {
        this.source = source;
        this.faults = faults;
        LoadSettings settings =
                LoadSettings.builder().setLabel(source).setCodePointLimit(MAX_BYTES).build();
        this.events = new Parse(settings).parseString(text).iterator();
    }

    /**
     * The document in the file, or null when it is empty or cannot be read at all.
     *
     * @param faults takes what is wrong
     */
    static @Nullable Node read(Path file, List<Fault> faults) {
        String source = file.toString();
        byte[] bytes;
        try {
            String refusal = refusal(file);
            if (refusal != null) {
                return whole(source, refusal, faults);
            }
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(MAX_BYTES + 1);
            }
        } catch (IOException e) {
            return whole(source, "cannot be read: " + e.getMessage(), faults);
        }
        if (bytes.length > MAX_BYTES) {
            return whole(source, "is larger than " + MAX_BYTES / 1024 + " KiB", faults);
        }
        String text = decode(source, bytes, faults);
        return text == null ? null : read(source, text, faults);
    }

    private static @Nullable String refusal(Path file) {
        if (!Files.exists(file)) {
            return "no such file";
        }
        if (Files.isDirectory(file)) {
            return "is a folder";
        }
        // A pipe or a device could keep the reader for ever.
        return Files.isRegularFile(file) ? null : "is not a regular file";
    }

    private static @Nullable Node whole(String source, String message, List<Fault> faults) {
        faults.add(Fault.error(Origin.file(source, 0, 0), "", message));
        return null;
    }

    private static @Nullable String decode(String source, byte[] bytes, List<Fault> faults) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length + 1);
        CoderResult result = decoder.decode(in, out, true);
        String text = out.flip().toString();
        if (result.isError()) {
            faults.add(
                    Fault.error(
                            place(source, text, text.length()), "", "is not UTF-8 from here on"));
            return null;
        }
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    /** The place after {@code index} characters of the text. */
    private static Origin place(String source, String text, int index) {
        String before = text.substring(0, Math.min(index, text.length()));
        int line = 1 + (int) before.chars().filter(c -> c == '\n').count();
        int start = before.lastIndexOf('\n') + 1;
        return Origin.file(source, line, 1 + before.codePointCount(start, before.length()));
    }

    /** The document in the text, or null when there is none or it cannot be read to its end. */
    static @Nullable Node read(String source, String text, List<Fault> faults) {
        YamlReader reader = new YamlReader(source, text, faults);
        try {
            return reader.document();
        } catch (Stop noted) {
            return null;
        } catch (MarkedYamlEngineException e) {
            reader.syntax(e);
        } catch (ReaderException e) {
            int index =
                    text.offsetByCodePoints(
                            0, Math.min(e.getPosition(), text.codePointCount(0, text.length())));
            faults.add(
                    Fault.error(
                            place(source, text, index),
                            "",
                            String.format("holds the character U+%04X", e.getCodePoint())));
        } catch (YamlEngineException e) {
            whole(source, firstLine(String.valueOf(e.getMessage())), faults);
        }
        return null;
    }

    private void syntax(MarkedYamlEngineException e) {
        Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
        Origin at = mark.map(this::origin).orElse(Origin.file(source, 0, 0));
        boolean isTab =
                mark.filter(m ->
                                m.getPointer() < m.getBuffer().length
                                        && m.getBuffer()[m.getPointer()] == '\t')
                        .isPresent();
        String problem =
                isTab
                        ? "a tab; YAML is indented with spaces"
                        : "not YAML: " + firstLine(String.valueOf(e.getProblem()));
        faults.add(Fault.error(at, "", problem));
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }

    private @Nullable Node document() {
        Node root = null;
        while (events.hasNext()) {
            Event event = events.next();
            if (event instanceof DocumentStartEvent start && root != null) {
                throw stop(start, "a second document begins here; one file holds one");
            }
            if (event instanceof NodeEvent node) {
                root = node(node);
            }
        }
        return root instanceof Node.Scalar scalar && scalar.isNothing() ? null : root;
    }

    private Node node(NodeEvent event) {
        Origin at = origin(event);
        if (event instanceof AliasEvent) {
            fault(event, "is an alias; write the value itself");
            return new Node.Scalar(at, "", true);
        }
        if (event.getAnchor().isPresent()) {
            fault(event, "has an anchor; write the value where it is used");
        }
        if (event instanceof ScalarEvent scalar) {
            refuseTag(event, scalar.getTag().orElse(null));
            return new Node.Scalar(at, scalar.getValue(), scalar.isPlain());
        }
        if (event instanceof CollectionStartEvent collection) {
            refuseTag(event, collection.getTag().orElse(null));
        }
        if (++depth > MAX_DEPTH) {
            throw stop(event, "is nested deeper than " + MAX_DEPTH);
        }
        Node node = event instanceof MappingStartEvent ? entries(at) : items(at);
        depth--;
        return node;
    }

    private Node items(Origin at) {
        List<Node> items = new ArrayList<>();
        Event event = events.next();
        while (!(event instanceof SequenceEndEvent)) {
            items.add(node((NodeEvent) event));
            event = events.next();
        }
        return new Node.Items(at, items);
    }

    private Node entries(Origin at) {
        Map<String, Node.Entry> entries = new LinkedHashMap<>();
        Event event = events.next();
        while (!(event instanceof MappingEndEvent)) {
            Node key = node((NodeEvent) event);
            Node value = node((NodeEvent) events.next());
            if (key instanceof Node.Scalar name) {
                Node.Entry first =
                        entries.putIfAbsent(name.text(), new Node.Entry(key.at(), value));
                if (first != null) {
                    faults.add(
                            Fault.error(
                                    key.at(),
                                    "",
                                    Quoted.of(name.text())
                                            + " stands here a second time; first in line "
                                            + first.keyAt().line()));
                }
            } else {
                faults.add(Fault.error(key.at(), "", "a key must be a word"));
            }
            event = events.next();
        }
        return new Node.Entries(at, entries);
    }

    private void refuseTag(Event event, @Nullable String tag) {
        if (tag != null) {
            fault(event, "has a tag; write the value without it");
        }
    }

    private void fault(Event event, String message) {
        faults.add(Fault.error(origin(event), "", message));
    }

    private Stop stop(Event event, String message) {
        fault(event, message);
        return new Stop();
    }

    private Origin origin(Event event) {
        return event.getStartMark().map(this::origin).orElse(Origin.file(source, 0, 0));
    }

    private Origin origin(Mark mark) {
        return Origin.file(source, mark.getLine() + 1, mark.getColumn() + 1);
    }
}

package dev.penstock.repository;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * The list of a version's files that its publisher writes last: {@code {"files": [{"name", "size",
 * "sha256"}]}}.
 *
 * @param files by path relative to the version's folder
 */
record Manifest(Map<String, Listed> files) {
    static final String NAME = "manifest.json";
    static final int MAX_BYTES = 64 * 1024;

    private static final int SHA256_CHARS = 64;
    private static final int MAX_NAME_CHARS = 255;
    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(4)
                                    .maxStringLength(1_024)
                                    .maxNumberLength(20)
                                    .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();

    /** One line of it; the digest as 64 lower-case hex digits. */
    record Listed(long sizeBytes, String sha256) {}

    Manifest {
        files = Map.copyOf(files);
    }

    /**
     * Reads a manifest strictly: no other fields, no value twice.
     *
     * @throws IllegalArgumentException with what is wrong
     */
    static Manifest read(byte[] json) {
        Map<String, Listed> files = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            expect(parser, JsonToken.START_OBJECT);
            expect(parser, JsonToken.PROPERTY_NAME);
            if (!parser.currentName().equals("files")) {
                throw new IllegalArgumentException("its one field must be files");
            }
            expect(parser, JsonToken.START_ARRAY);
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                readFile(parser, files);
                if (files.size() > FolderReader.MAX_FILES) {
                    throw new IllegalArgumentException(
                            "it lists more than " + FolderReader.MAX_FILES + " files");
                }
            }
            expect(parser, JsonToken.END_OBJECT);
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException("something follows its end");
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException("it is not JSON as expected", e);
        }
        return new Manifest(files);
    }

    private static void readFile(JsonParser parser, Map<String, Listed> files) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("files must hold objects");
        }
        String name = null;
        String sha256 = null;
        long sizeBytes = -1;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("name") && value == JsonToken.VALUE_STRING) {
                name = parser.getString();
            } else if (field.equals("size") && value == JsonToken.VALUE_NUMBER_INT) {
                sizeBytes = parser.getLongValue();
            } else if (field.equals("sha256") && value == JsonToken.VALUE_STRING) {
                sha256 = parser.getString();
            } else {
                throw new IllegalArgumentException(
                        "a file has the field "
                                + OutsideText.printable(field)
                                + ", expected name, size and sha256");
            }
        }
        if (name == null || sha256 == null || sizeBytes < 0) {
            throw new IllegalArgumentException("a file lacks name, size or sha256");
        }
        if (!isPlainPath(name)) {
            throw new IllegalArgumentException(
                    "the name " + OutsideText.printable(name) + " is not a plain path");
        }
        if (!isDigest(sha256)) {
            throw new IllegalArgumentException("a sha256 is not 64 lower-case hex digits");
        }
        if (files.put(name, new Listed(sizeBytes, sha256)) != null) {
            throw new IllegalArgumentException(
                    "it lists " + OutsideText.printable(name) + " twice");
        }
    }

    private static void expect(JsonParser parser, JsonToken wanted) {
        if (parser.nextToken() != wanted) {
            throw new IllegalArgumentException("it has not the form {\"files\": [...]}");
        }
    }

    private static boolean isPlainPath(String name) {
        if (name.isEmpty() || name.length() > MAX_NAME_CHARS) {
            return false;
        }
        for (String part : name.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return false;
            }
        }
        return true;
    }

    private static boolean isDigest(String text) {
        if (text.length() != SHA256_CHARS) {
            return false;
        }
        for (int i = 0; i < SHA256_CHARS; i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    /**
     * What of names and sizes does not fit the files, or null. Files with a dot name are nobody's.
     */
    @Nullable String mismatch(FolderLook look) {
        Set<String> missing = new HashSet<>(files.keySet());
        for (FileStamp file : look.files()) {
            String shown = OutsideText.printable(file.path());
            Listed listed = files.get(file.path());
            missing.remove(file.path());
            if (listed == null) {
                if (!file.path().equals(NAME) && !file.path().startsWith(".")) {
                    return "does not list " + shown;
                }
            } else if (listed.sizeBytes() != file.sizeBytes()) {
                return "says that "
                        + shown
                        + " has "
                        + listed.sizeBytes()
                        + " bytes, not "
                        + file.sizeBytes();
            }
        }
        return missing.isEmpty()
                ? null
                : "lists "
                        + OutsideText.printable(missing.iterator().next())
                        + ", which is not there";
    }
}

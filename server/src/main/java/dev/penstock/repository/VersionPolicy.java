package dev.penstock.repository;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.VersionId;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Which versions of a model are wanted. */
public sealed interface VersionPolicy {
    /** The two newest that became ready. */
    VersionPolicy DEFAULT = new Latest(2);

    /** The newest {@code count} that became ready; one that failed does not count. */
    record Latest(int count) implements VersionPolicy {
        public Latest {
            require(count >= 1, "latest is %d, must be at least 1", count);
        }

        @Override
        public String toString() {
            return "latest:" + count;
        }
    }

    /** Every version in the store. */
    record All() implements VersionPolicy {
        @Override
        public String toString() {
            return "all";
        }
    }

    /** These and no others. */
    record Specific(SortedSet<Long> versions) implements VersionPolicy {
        public Specific {
            require(!versions.isEmpty(), "list of versions is empty");
            require(versions.first() > 0, "version is %d, must be positive", versions.first());
            versions = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(versions));
        }

        @Override
        public String toString() {
            return versions.stream().map(String::valueOf).collect(Collectors.joining(","));
        }
    }

    /**
     * Reads {@code latest:2}, {@code all} or {@code 1,3}.
     *
     * @throws IllegalArgumentException when it is none of these
     */
    static VersionPolicy parse(String text) {
        if (text.equals("all")) {
            return new All();
        }
        if (text.startsWith("latest:")) {
            long count = VersionId.parseNumber(text.substring("latest:".length()));
            require(
                    count >= 1 && count <= Integer.MAX_VALUE,
                    "version policy is %s, latest wants a count such as latest:2",
                    text);
            return new Latest((int) count);
        }
        SortedSet<Long> versions = new TreeSet<>();
        for (String part : text.split(",", -1)) {
            long number = VersionId.parseNumber(part.strip());
            require(
                    number > 0,
                    "version policy is %s, must be latest:N, all or a list such as 1,3",
                    text);
            versions.add(number);
        }
        return new Specific(versions);
    }
}

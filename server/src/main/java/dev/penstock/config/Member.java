package dev.penstock.config;

/** A component of a configuration record: a setting, or a section of them. */
sealed interface Member permits ConfigKey, Section {
    /** From the root, with dots. */
    String path();

    /** What it is, as a phrase. */
    String about();

    /** The last word of the path. */
    default String name() {
        return path().substring(path().lastIndexOf('.') + 1);
    }
}

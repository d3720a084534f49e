package dev.penstock.repository;

import static dev.penstock.runtime.Check.require;

import java.util.Locale;

/** How a version's requests are run. */
public enum Execution {
    /** On the event loop that read the request. */
    TURN,
    /** On threads of the version's own. */
    POOL,
    /** Whichever its warm-up speaks for. */
    AUTO;

    /** {@code turn}, {@code pool} or {@code auto}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The execution of that word.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Execution parse(String word) {
        for (Execution execution : values()) {
            if (execution.word().equals(word)) {
                return execution;
            }
        }
        require(false, "execution is %s, must be turn, pool or auto", word);
        return AUTO;
    }
}

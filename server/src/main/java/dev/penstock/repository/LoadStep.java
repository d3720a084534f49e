package dev.penstock.repository;

/** The steps of a load, in order: where a version failed. */
public enum LoadStep {
    /** Its files are found and read. */
    FETCH("fetch"),
    /** The bytes are what the manifest says. */
    DIGEST("digest"),
    /** {@code config.pbtxt} is read, and fits the model. */
    CONFIG("config"),
    /** The runtime opens the model. */
    SESSION("session"),
    /** The model's inputs and outputs are ones that can be served. */
    SIGNATURE("signature"),
    /** It runs a few times, so that its cost is known. */
    WARM_UP("warm-up");

    private final String word;

    LoadStep(String word) {
        this.word = word;
    }

    /** As logs and the admin API write it. */
    public String word() {
        return word;
    }
}

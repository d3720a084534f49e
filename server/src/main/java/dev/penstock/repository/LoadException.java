package dev.penstock.repository;

/** Why a version cannot be loaded: at which step, what is wrong, what to do. */
public final class LoadException extends Exception {
    private static final long serialVersionUID = 1;

    private final LoadStep step;
    private final String remedy;

    LoadException(LoadStep step, String reason, String remedy) {
        super(reason);
        this.step = step;
        this.remedy = remedy;
    }

    public LoadStep step() {
        return step;
    }

    public String reason() {
        String message = getMessage();
        return message == null ? "unknown" : message;
    }

    public String remedy() {
        return remedy;
    }
}

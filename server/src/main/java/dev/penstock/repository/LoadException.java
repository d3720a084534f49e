package dev.penstock.repository;

/** Why a version cannot be loaded: at which step, what is wrong, what to do. */
final class LoadException extends Exception {
    private static final long serialVersionUID = 1;

    private final LoadStep step;
    private final String remedy;

    LoadException(LoadStep step, String reason, String remedy) {
        super(reason);
        this.step = step;
        this.remedy = remedy;
    }

    LoadStep step() {
        return step;
    }

    String reason() {
        String message = getMessage();
        return message == null ? "unknown" : message;
    }

    String remedy() {
        return remedy;
    }
}

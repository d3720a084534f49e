package dev.penstock.inference;

/** How a request came in. */
public enum Protocol {
    HTTP("http"),
    GRPC("grpc");

    private final String label;

    Protocol(String label) {
        this.label = label;
    }

    /** The {@code protocol} label of metrics. */
    public String label() {
        return label;
    }
}

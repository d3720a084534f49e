package dev.penstock.admin;

/** A form that cannot be taken as it came. */
public final class UploadException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean isTooLarge;

    private UploadException(String message, boolean isTooLarge) {
        super(message);
        this.isTooLarge = isTooLarge;
    }

    public static UploadException tooLarge() {
        return new UploadException("the file is too large", true);
    }

    public static UploadException malformed(String message) {
        return new UploadException(message, false);
    }

    boolean isTooLarge() {
        return isTooLarge;
    }
}

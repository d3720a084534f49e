package dev.penstock.admin;

import java.util.Locale;

/** The kinds of refusal, each with its status and its sentence. */
public enum ProblemCode {
    SYNTAX(400, "The request cannot be read"),
    UNAUTHENTICATED(401, "The request carries no valid credentials"),
    FORBIDDEN(403, "The caller may not do this"),
    NOT_FOUND(404, "There is no such thing"),
    NOT_RECORDED(404, "There is no record of the prediction"),
    METHOD_NOT_ALLOWED(405, "The resource does not take this method"),
    TOO_SLOW(408, "The request comes too slowly"),
    NOT_LOADABLE(409, "The version does not load"),
    IN_USE(409, "The version is in use"),
    EXISTS(409, "It is there already"),
    NOTHING_TO_UNDO(409, "There is no change to undo"),
    CANCELLED(409, "It was cancelled"),
    CONFLICT(409, "Its state forbids this"),
    STALE_REVISION(412, "It changed since it was read"),
    TOO_LARGE(413, "The body is too large"),
    LINE_TOO_LONG(414, "The request line is too long"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body is of a type that is not taken here"),
    EXPECTATION_FAILED(417, "The expectation is not met"),
    MISDIRECTED(421, "This server is not meant by that name"),
    INVALID(422, "The document is wrong"),
    REVISION_REQUIRED(428, "A change must say which revision it changes"),
    TOO_MANY_FAILURES(429, "Too many failed attempts"),
    HEAD_TOO_LARGE(431, "The head of the request is too large"),
    INTERNAL(500, "A bug of penstock"),
    TOO_MANY_OPERATIONS(503, "Too many operations are running"),
    NOT_KEPT(503, "The change cannot be kept"),
    UNREADABLE(503, "The lineage log cannot be read"),
    TIMEOUT(504, "It takes too long");

    private final int status;
    private final String title;

    ProblemCode(int status, String title) {
        this.status = status;
        this.title = title;
    }

    /** The kind of a refusal that came before anything of the API was asked. */
    public static ProblemCode ofStatus(int status) {
        return switch (status) {
            case 408 -> TOO_SLOW;
            case 413 -> TOO_LARGE;
            case 414 -> LINE_TOO_LONG;
            case 415 -> UNSUPPORTED_MEDIA_TYPE;
            case 417 -> EXPECTATION_FAILED;
            case 431 -> HEAD_TOO_LARGE;
            default -> SYNTAX;
        };
    }

    /** The status of HTTP. */
    public int status() {
        return status;
    }

    public String title() {
        return title;
    }

    /** Reference to its section of the reference. */
    public String type() {
        return "/docs/errors#" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}

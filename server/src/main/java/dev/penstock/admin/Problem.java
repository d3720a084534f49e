package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.penstock.control.Fault;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a request of an operator was refused, as RFC 9457 has it.
 *
 * @param type reference to the page that explains the code
 * @param title what happened, in one sentence, the same for each code
 * @param status of HTTP
 * @param detail what happened here, with values
 * @param code for programs; upper snake case, stable
 * @param hint what to do next, or null
 * @param requestId of the request, once it is known
 * @param errors all that is wrong with a document, or null
 * @param current the state of the resource now, where a change met another, or null
 * @param load at which step a version did not load, why, and what to do; or null
 * @param absence what is known of a prediction without a record, or null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        String code,
        @Nullable String hint,
        @Nullable String requestId,
        @Nullable List<Fault> errors,
        @Nullable Object current,
        @JsonUnwrapped @Nullable Load load,
        @JsonUnwrapped @Nullable Absence absence) {

    /**
     * How a load ended.
     *
     * @param step by name
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Load(@Nullable String step, @Nullable String reason, @Nullable String remedy) {}

    /**
     * What is known of a prediction without a record.
     *
     * @param at when its id was made, RFC 3339
     * @param u position of its id, 0 to 1: it is kept where a probability is larger
     * @param rates probability of each model's predictions then, by name
     * @param model that was asked for
     * @param why there is no record of a prediction of that model
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Absence(
            @Nullable String at,
            @Nullable BigDecimal u,
            @Nullable Map<String, Double> rates,
            @Nullable String model,
            @Nullable String why) {}

    /** The media type of a problem. */
    public static final String MEDIA_TYPE = "application/problem+json";

    /** A problem of this kind. */
    static Problem of(ProblemCode code, String detail, @Nullable String hint) {
        return new Problem(
                code.type(),
                code.title(),
                code.status(),
                detail,
                code.name(),
                hint,
                null,
                null,
                null,
                null,
                null);
    }

    Problem withErrors(List<Fault> all) {
        return new Problem(
                type, title, status, detail, code, hint, requestId, all, current, load, absence);
    }

    Problem withCurrent(Object now) {
        return new Problem(
                type, title, status, detail, code, hint, requestId, errors, now, load, absence);
    }

    Problem withLoad(Load how) {
        return new Problem(
                type, title, status, detail, code, hint, requestId, errors, current, how, absence);
    }

    Problem withAbsence(Absence known) {
        return new Problem(
                type, title, status, detail, code, hint, requestId, errors, current, load, known);
    }

    /** The same, of this request. */
    public Problem of(String request) {
        return new Problem(
                type, title, status, detail, code, hint, request, errors, current, load, absence);
    }
}

package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that takes long, as far as it is.
 *
 * @param kind like {@code route.change}
 * @param version null when it is about no one version
 * @param phase name of the step that it is at
 * @param percent of its steps that are done
 * @param state {@code running}, {@code done}, {@code failed} or {@code cancelled}
 * @param steps that were begun, in order
 * @param result what the request would have been answered; null until it is done
 * @param problem why it failed; null unless it did
 * @param dryRun true when nothing was changed, and nothing goes on; else null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record OperationView(
        String id,
        String kind,
        String model,
        @Nullable String version,
        String phase,
        int percent,
        String state,
        List<Step> steps,
        @Nullable Object result,
        @Nullable Problem problem,
        @Nullable Boolean dryRun) {

    /**
     * One step.
     *
     * @param state {@code running}, {@code done} or {@code failed}
     * @param detail what there is to say of it
     * @param at when it entered its state, RFC 3339, UTC
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Step(String name, String state, @Nullable String detail, String at) {}
}

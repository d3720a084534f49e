package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * What a change is about.
 *
 * @param model by name; null when it is about no one model
 * @param version in decimal digits; null when it is about no one version
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AuditTarget(@Nullable String model, @Nullable String version) {
    /** The server itself. */
    public static final AuditTarget SERVER = new AuditTarget(null, null);

    public static AuditTarget model(String name) {
        return new AuditTarget(name, null);
    }

    public static AuditTarget version(String model, long version) {
        return new AuditTarget(model, Long.toString(version));
    }
}

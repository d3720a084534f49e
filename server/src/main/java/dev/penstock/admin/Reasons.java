package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why somebody changes something: required with every change. */
final class Reasons {
    private static final int MAX_CHARS = 500;

    private Reasons() {}

    static void check(@Nullable String reason, String at, List<Fault> faults) {
        if (reason == null
                || reason.isBlank()
                || reason.length() > MAX_CHARS
                || reason.chars().anyMatch(Character::isISOControl)) {
            faults.add(new Fault(at, "must say why, in 1 to " + MAX_CHARS + " characters"));
        }
    }

    static void require(@Nullable String reason, String at) {
        List<Fault> faults = new ArrayList<>();
        check(reason, at, faults);
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
    }
}

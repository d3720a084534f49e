package dev.penstock.admin;

import dev.penstock.control.DesiredState;
import dev.penstock.control.Reconciler;
import dev.penstock.inference.VersionId;
import java.util.Set;
import java.util.TreeSet;

/** Names in paths, and which of them are known. */
final class Names {
    private static final int MAX_SHOWN_CHARS = 128;

    private Names() {}

    /** Every model that lies in the store, is alive, or has a route. */
    static Set<String> models(Reconciler reconciler, DesiredState desired) {
        Set<String> names = new TreeSet<>(reconciler.scan().models().keySet());
        reconciler.alive().forEach(version -> names.add(version.id().model()));
        desired.models()
                .forEach((name, spec) -> {
                    if (spec.route() != null) {
                        names.add(name);
                    }
                });
        return names;
    }

    static void check(String model, Set<String> known) {
        if (!known.contains(model)) {
            throw AdminException.notFound("there is no model '" + printable(model) + "'");
        }
    }

    /**
     * The version of a path.
     *
     * @throws AdminException when it cannot be one
     */
    static VersionId version(String model, String number) {
        long parsed = VersionId.parseNumber(number);
        if (parsed == 0 || !VersionId.isModelName(model)) {
            throw AdminException.notFound(
                    "there is no version '"
                            + printable(number)
                            + "' of '"
                            + printable(model)
                            + "'");
        }
        return new VersionId(model, parsed);
    }

    static String printable(String name) {
        String cut =
                name.length() <= MAX_SHOWN_CHARS ? name : name.substring(0, MAX_SHOWN_CHARS) + "…";
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}

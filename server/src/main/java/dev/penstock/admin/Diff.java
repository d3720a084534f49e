package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.admin.VersionDetail.TensorView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How two versions differ.
 *
 * @param isComparable whether both are loaded, so that their signatures are known
 * @param signature inputs and outputs that differ; empty when none does, or when they are not known
 * @param note in one sentence
 */
record Diff(
        String model,
        Side a,
        Side b,
        boolean isComparable,
        List<Difference> signature,
        String note) {
    /** One of the two; what is null is not known while it is not loaded. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Side(
            String version,
            String state,
            @Nullable String digest,
            @Nullable Long bytes,
            @Nullable String execution,
            String note) {}

    /**
     * An input or output that differs.
     *
     * @param change the word added, removed or changed
     * @param a datatype and shape; null when it was added
     * @param b datatype and shape; null when it was removed
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Difference(
            String what, String change, String name, @Nullable String a, @Nullable String b) {}

    static Diff of(VersionDetail a, VersionDetail b) {
        List<TensorView> inputsA = a.inputs();
        List<TensorView> inputsB = b.inputs();
        List<TensorView> outputsA = a.outputs();
        List<TensorView> outputsB = b.outputs();
        List<Difference> signature = new ArrayList<>();
        boolean isKnown =
                inputsA != null && inputsB != null && outputsA != null && outputsB != null;
        if (inputsA != null && inputsB != null && outputsA != null && outputsB != null) {
            compare("input", inputsA, inputsB, signature);
            compare("output", outputsA, outputsB, signature);
        }
        String note =
                !isKnown
                        ? "signatures are compared when both versions are loaded"
                        : signature.isEmpty()
                                ? "both take and give the same"
                                : signature.size() + " inputs or outputs differ";
        return new Diff(a.model(), side(a), side(b), isKnown, signature, note);
    }

    private static Side side(VersionDetail of) {
        return new Side(
                of.version(), of.state(), of.digest(), of.bytes(), of.execution(), of.note());
    }

    static void compare(
            String what, List<TensorView> a, List<TensorView> b, List<Difference> into) {
        Map<String, String> before = byName(a);
        Map<String, String> after = byName(b);
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(after.keySet());
        for (String name : names) {
            String was = before.get(name);
            String is = after.get(name);
            if (was == null) {
                into.add(new Difference(what, "added", name, null, is));
            } else if (is == null) {
                into.add(new Difference(what, "removed", name, was, null));
            } else if (!was.equals(is)) {
                into.add(new Difference(what, "changed", name, was, is));
            }
        }
    }

    private static Map<String, String> byName(List<TensorView> tensors) {
        Map<String, String> byName = new LinkedHashMap<>();
        tensors.forEach(each -> byName.put(each.name(), each.datatype() + each.shape()));
        return byName;
    }
}

package dev.penstock.lineage;

import dev.penstock.lineage.RedactionRule.With;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What of one model's inputs is kept how; immutable. */
final class Redaction {
    /**
     * The rules of one input.
     *
     * @param columns by index, ascending; those that do as the whole does are not in it
     */
    record InputRules(@Nullable RedactionRule whole, TreeMap<Integer, RedactionRule> columns) {
        /** Whether there is anything to do. */
        boolean isActive() {
            return !keeps(whole) || columns.values().stream().anyMatch(r -> r.with() != With.KEEP);
        }

        /** What is done with a column. */
        @Nullable RedactionRule column(int index) {
            RedactionRule own = columns.get(index);
            RedactionRule rule = own != null ? own : whole;
            return keeps(rule) ? null : rule;
        }

        private static boolean keeps(@Nullable RedactionRule rule) {
            return rule == null || rule.with() == With.KEEP;
        }
    }

    private final Map<String, InputRules> inputs = new HashMap<>();

    /** Of the rules given, those of the model; null when none of them changes anything. */
    static @Nullable Redaction of(Iterable<RedactionRule> rules, String model) {
        Redaction redaction = new Redaction();
        for (RedactionRule rule : rules) {
            if (rule.model().equals(model)) {
                redaction.add(rule);
            }
        }
        redaction.inputs.values().removeIf(r -> !r.isActive());
        return redaction.inputs.isEmpty() ? null : redaction;
    }

    private void add(RedactionRule rule) {
        InputRules before = inputs.get(rule.input());
        if (before == null) {
            before = new InputRules(null, new TreeMap<>());
        }
        Integer column = rule.column();
        if (column == null) {
            inputs.put(rule.input(), new InputRules(rule, before.columns()));
        } else {
            before.columns().put(column, rule);
            inputs.put(rule.input(), before);
        }
    }

    /** The rules of an input; null when it is kept as it is. */
    @Nullable InputRules input(String name) {
        return inputs.get(name);
    }
}

package dev.penstock.lineage;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.runtime.ShortestDecimal;
import dev.penstock.runtime.TextBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings in force, with the texts that segments and records name them by; immutable.
 *
 * <p>A digest is the first 16 hex digits of the SHA-256 of the JSON object that stands in the
 * header, less its {@code digest}, which is its first member.
 */
final class Policy {
    /** The salt of the position that decides; part of the policy. */
    static final String SALT = "smp:1";

    private final LineageSettings settings;
    private final RuntimeFacts facts;
    private final byte[] policy;
    private final byte[] redaction;
    private final String policyDigest;
    private final String redactionDigest;
    private final Map<String, Redaction> redactions = new HashMap<>();

    Policy(LineageSettings settings, RuntimeFacts facts) {
        this.settings = settings;
        this.facts = facts;
        byte[] sampling = samplingText(settings);
        byte[] rules = rulesText(settings);
        this.policyDigest = digest(sampling);
        this.redactionDigest = digest(rules);
        this.policy = withDigest(sampling, policyDigest);
        this.redaction = withDigest(rules, redactionDigest);
        for (RedactionRule rule : settings.redact()) {
            Redaction of = Redaction.of(settings.redact(), rule.model());
            if (of != null) {
                redactions.put(rule.model(), of);
            }
        }
    }

    LineageSettings settings() {
        return settings;
    }

    RuntimeFacts facts() {
        return facts;
    }

    /** The object of the header. */
    byte[] policy() {
        return policy;
    }

    String policyDigest() {
        return policyDigest;
    }

    /** The object of the header. */
    byte[] redaction() {
        return redaction;
    }

    String redactionDigest() {
        return redactionDigest;
    }

    /** What is done with a model's inputs; null when they are kept as they are. */
    @Nullable Redaction redaction(String model) {
        return redactions.get(model);
    }

    private static byte[] samplingText(LineageSettings settings) {
        TextBuffer out = new TextBuffer();
        ShortestDecimal decimal = new ShortestDecimal();
        out.ascii("{\"budget\":");
        out.number(settings.budgetBytesPerSecond());
        out.ascii(",\"canary\":");
        decimal.put(settings.canary(), out);
        out.ascii(",\"caps\":{");
        String separator = "";
        for (KeepReason reason : KeepReason.ALL) {
            if (reason.isCapped()) {
                out.ascii(separator + "\"" + reason.label() + "\":{");
                boolean isOfTraffic = reason.capOfTraffic() > 0;
                out.ascii(isOfTraffic ? "\"of_traffic\":" : "\"per_second\":");
                decimal.put(isOfTraffic ? reason.capOfTraffic() : reason.capPerSecond(), out);
                out.put('}');
                separator = ",";
            }
        }
        out.ascii("},\"payload\":\"" + settings.payload().label() + "\",\"salt\":\"" + SALT);
        out.ascii("\",\"sample\":");
        decimal.put(settings.sample(), out);
        out.put('}');
        return out.toArray();
    }

    private static byte[] rulesText(LineageSettings settings) {
        TextBuffer out = new TextBuffer();
        out.ascii("{\"key\":\"" + settings.secret().id() + "\",\"rules\":[");
        List<RedactionRule> rules =
                settings.redact().stream()
                        .sorted(
                                Comparator.comparing(RedactionRule::model)
                                        .thenComparing(RedactionRule::input)
                                        .thenComparing(
                                                RedactionRule::column,
                                                Comparator.nullsFirst(Comparator.naturalOrder())))
                        .toList();
        for (int i = 0; i < rules.size(); i++) {
            RedactionRule rule = rules.get(i);
            out.ascii(i == 0 ? "{" : ",{");
            Integer column = rule.column();
            if (column != null) {
                out.ascii("\"column\":");
                out.number(column);
                out.put(',');
            }
            out.ascii("\"input\":");
            out.jsonString(rule.input());
            out.ascii(",\"model\":");
            out.jsonString(rule.model());
            out.ascii(",\"with\":");
            out.jsonString(rule.text());
            out.put('}');
        }
        out.ascii("]}");
        return out.toArray();
    }

    private static String digest(byte[] text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text);
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static byte[] withDigest(byte[] object, String digest) {
        byte[] start = ("{\"digest\":\"" + digest + "\",").getBytes(UTF_8);
        byte[] all = Arrays.copyOf(start, start.length + object.length - 1);
        System.arraycopy(object, 1, all, start.length, object.length - 1);
        return all;
    }
}

package dev.penstock.admin;

import dev.penstock.control.Fault;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.VersionId;
import dev.penstock.lineage.store.Selection;
import dev.penstock.lineage.store.Where;
import dev.penstock.replay.ReplayRequest;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One reading of the order of a replay, with what is wrong with it. Nothing is looked up here but
 * the form.
 */
final class ReplayPlan {
    private static final int DEFAULT_LIMIT = 1_000;
    private static final int MAX_IDS = 1_000;
    private static final int MAX_AGAINST = 8;
    private static final int MAX_TEXT_CHARS = 256;
    private static final BigDecimal MAX_RATE = BigDecimal.valueOf(1_000_000);
    private static final BigDecimal MIN_RATE = new BigDecimal("0.001");

    private final List<Fault> faults = new ArrayList<>();

    private ReplayPlan() {}

    /**
     * Reads an order.
     *
     * @throws AdminException with all that is wrong with it
     */
    static ReplayRequest of(AdminJson.Reading<ReplayOrder> reading, Instant now) {
        ReplayPlan plan = new ReplayPlan();
        ReplayRequest request = plan.read(reading.value(), now);
        reading.orThrow(plan.faults);
        if (request == null) {
            throw new IllegalStateException("an order without faults is a request");
        }
        return request;
    }

    private @Nullable ReplayRequest read(ReplayOrder order, Instant now) {
        ReplayOrder.Select select = order.select();
        if (select == null) {
            faults.add(new Fault("/select", "must say which predictions"));
            return null;
        }
        List<PredictionId> ids = ids(select);
        String model = model(select, !ids.isEmpty());
        Selection selection = selection(select, model, !ids.isEmpty(), now);
        List<Long> against = against(order.against());
        ReplayRequest.Mode mode = mode(order.mode());
        int limit = limit(select.limit());
        double rate = rate(order.maxRate());
        if (!faults.isEmpty() || selection == null) {
            return null;
        }
        return new ReplayRequest(selection, ids, limit, select.seed(), against, mode, rate);
    }

    private List<PredictionId> ids(ReplayOrder.Select select) {
        List<String> texts = select.ids();
        if (texts == null) {
            return List.of();
        }
        if (texts.isEmpty() || texts.size() > MAX_IDS) {
            faults.add(new Fault("/select/ids", "must be 1 to " + MAX_IDS + " ids"));
            return List.of();
        }
        Set<PredictionId> ids = new LinkedHashSet<>();
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            PredictionId id = text == null ? null : PredictionId.parse(text);
            if (id == null) {
                faults.add(new Fault("/select/ids/" + i, "is no prediction's id"));
            } else {
                ids.add(id);
            }
        }
        return List.copyOf(ids);
    }

    private @Nullable String model(ReplayOrder.Select select, boolean hasIds) {
        String model = select.model();
        if (model == null && !hasIds && select.ids() == null) {
            faults.add(new Fault("/select/model", "is missing, and there are no ids"));
        } else if (model != null && !VersionId.isModelName(model)) {
            faults.add(new Fault("/select/model", "is no model's name"));
        }
        return model;
    }

    private @Nullable Selection selection(
            ReplayOrder.Select select, @Nullable String model, boolean hasIds, Instant now) {
        if (hasIds) {
            none(select.version(), "version");
            none(select.since(), "since");
            none(select.until(), "until");
            none(select.arm(), "arm");
            none(select.where(), "where");
            none(select.seed(), "seed");
        }
        Integer version = version(select.version());
        Instant since = LineageTime.parse(select.since(), "/select/since", now, faults);
        Instant until = LineageTime.parse(select.until(), "/select/until", now, faults);
        String arm = select.arm();
        if (arm != null && (arm.isEmpty() || arm.length() > MAX_TEXT_CHARS)) {
            faults.add(new Fault("/select/arm", "is no arm's name"));
        }
        List<Where> where = where(select.where());
        long from = since == null ? 0 : since.toEpochMilli();
        // What comes while it runs is not its own.
        long to = (until == null ? now : until).toEpochMilli() + 1;
        if (from > to) {
            faults.add(new Fault("/select/since", "is after until"));
        }
        if (!faults.isEmpty()) {
            return null;
        }
        return new Selection(
                from,
                to,
                model,
                version,
                arm,
                Set.of("primary"),
                null,
                null,
                0,
                where,
                select.seed() == null);
    }

    private void none(@Nullable Object value, String name) {
        if (value != null) {
            faults.add(new Fault("/select/" + name, "has no meaning beside ids"));
        }
    }

    private @Nullable Integer version(@Nullable String text) {
        if (text == null) {
            return null;
        }
        long number = VersionId.parseNumber(text);
        if (number <= 0 || number > Integer.MAX_VALUE) {
            faults.add(new Fault("/select/version", "must be a version's number"));
            return null;
        }
        return (int) number;
    }

    private List<Where> where(@Nullable String text) {
        if (text == null) {
            return List.of();
        }
        try {
            return Where.parse(text);
        } catch (IllegalArgumentException e) {
            faults.add(new Fault("/select/where", Names.printable(String.valueOf(e.getMessage()))));
            return List.of();
        }
    }

    private List<Long> against(@Nullable List<String> texts) {
        if (texts == null) {
            return List.of();
        }
        if (texts.isEmpty() || texts.size() > MAX_AGAINST) {
            faults.add(new Fault("/against", "must be 1 to " + MAX_AGAINST + " versions"));
            return List.of();
        }
        Set<Long> numbers = new LinkedHashSet<>();
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            long number = text == null ? 0 : VersionId.parseNumber(text);
            if (number <= 0) {
                faults.add(new Fault("/against/" + i, "must be a version's number"));
            } else if (!numbers.add(number)) {
                faults.add(new Fault("/against/" + i, "is there already"));
            }
        }
        return List.copyOf(numbers);
    }

    private ReplayRequest.Mode mode(@Nullable String text) {
        for (ReplayRequest.Mode mode : ReplayRequest.Mode.values()) {
            if (mode.label().equals(text)) {
                return mode;
            }
        }
        if (text != null) {
            faults.add(new Fault("/mode", "must be exact or compare"));
        }
        return ReplayRequest.Mode.EXACT;
    }

    private int limit(@Nullable Integer wanted) {
        if (wanted == null) {
            return DEFAULT_LIMIT;
        }
        if (wanted < 1 || wanted > ReplayRequest.MAX_RECORDS) {
            faults.add(new Fault("/select/limit", "must be 1 to " + ReplayRequest.MAX_RECORDS));
        }
        return wanted;
    }

    private double rate(@Nullable BigDecimal wanted) {
        if (wanted == null) {
            return Double.POSITIVE_INFINITY;
        }
        if (wanted.compareTo(MIN_RATE) < 0 || wanted.compareTo(MAX_RATE) > 0) {
            faults.add(new Fault("/max_rate", "must be " + MIN_RATE + " to " + MAX_RATE));
            return 1;
        }
        return wanted.doubleValue();
    }
}

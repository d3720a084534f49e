package dev.penstock.serving;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Incident;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.Reply;
import dev.penstock.inference.TraceContext;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.Admission;
import dev.penstock.tensor.TensorSet;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The path of a prediction from an edge to a scheduler.
 *
 * <p>The hot swap is {@link #publish}: one volatile write of an immutable table. Every request
 * reads it once, and once more only if the version it found closed in between.
 */
public final class InferenceService {
    private final Ticker ticker;
    private final InstantSource clock;
    private final LongSupplier random;
    private final ExchangeObserver observer;
    private volatile ServingTable table = ServingTable.EMPTY;
    private volatile boolean isReady;
    private volatile boolean isDraining;

    /**
     * @param random 64 random bits a call, from any thread
     */
    public InferenceService(
            Ticker ticker, InstantSource clock, LongSupplier random, ExchangeObserver observer) {
        this.ticker = ticker;
        this.clock = clock;
        this.random = random;
        this.observer = observer;
    }

    /** Serves this table from now on. */
    public void publish(ServingTable next) {
        table = next;
    }

    public ServingTable table() {
        return table;
    }

    /** Whether the server wants traffic: all first loads are over, and it is not stopping. */
    public boolean isReady() {
        return isReady && !isDraining;
    }

    /** The first look at the store is done and nothing of it still loads. */
    public void markReady() {
        isReady = true;
    }

    /** Not ready from now on; predictions are still answered. */
    public void markDraining() {
        isDraining = true;
    }

    public boolean isDraining() {
        return isDraining;
    }

    /** A fresh id, for what fails before it is a prediction. */
    public PredictionId newId() {
        return PredictionId.next(clock, random);
    }

    /** 64 random bits. */
    public long randomBits() {
        return random.getAsLong();
    }

    /**
     * Takes a request. It is answered through {@code reply} exactly once, perhaps before this
     * returns.
     *
     * @param request its inputs belong to the exchange from here on
     */
    public Exchange accept(InferRequest request, Reply reply) {
        Exchange exchange = new Exchange(newId(), request, reply, observer, ticker.nanos());
        try {
            submit(exchange);
        } catch (FailureException e) {
            exchange.answer(e.failure());
        } catch (RuntimeException | Error e) {
            exchange.answer(Incident.report(exchange.id(), "prediction failed", e));
        }
        return exchange;
    }

    /**
     * Answers a request that could not be decoded, on the same way as all others, so that it is
     * counted like them.
     */
    public Exchange refuse(
            ModelRef model,
            @Nullable String id,
            @Nullable TraceContext trace,
            Failure failure,
            Reply reply) {
        return refuse(newId(), model, id, trace, failure, reply);
    }

    /**
     * The same, as a prediction whose id is known: that of an incident while it was read.
     *
     * @param prediction from {@link #newId}
     */
    public Exchange refuse(
            PredictionId prediction,
            ModelRef model,
            @Nullable String id,
            @Nullable TraceContext trace,
            Failure failure,
            Reply reply) {
        TensorSet nothing = TensorSet.of(List.of(), () -> {});
        InferRequest request =
                new InferRequest(id, model, nothing, List.of(), Deadline.NEVER, trace);
        Exchange exchange = new Exchange(prediction, request, reply, observer, ticker.nanos());
        attribute(exchange);
        exchange.answer(failure);
        return exchange;
    }

    /**
     * Says which version a request would have gone to that could not be decoded. With a route that
     * is not known, because the arm may depend on what could not be read.
     */
    private void attribute(Exchange exchange) {
        ModelRef ref = exchange.request().model();
        ServedModel model = table.models().get(ref.name());
        if (model == null) {
            return;
        }
        if (ref.isPinned()) {
            LiveVersion version = model.versions().get(ref.version());
            if (version != null) {
                exchange.routed(version.info(), model.pinned());
            }
        } else if (model.route() == null && model.current() != null) {
            exchange.routed(model.current().info(), model.followed());
        }
    }

    private void submit(Exchange exchange) {
        ModelRef ref = exchange.request().model();
        Admission admission = admit(exchange, asSeen(exchange.request()));
        if (admission == Admission.CLOSED) {
            // It left the table between our look and now: the table of this moment knows better.
            admission = admit(exchange, model(ref));
        }
        switch (admission) {
            case ACCEPTED -> {}
            case FULL ->
                    throw new FailureException(
                            new Failure.QueueFull(
                                    "Exceeds maximum queue size of '" + ref.name() + "'"));
            case CLOSED -> throw notReady(ref);
        }
    }

    /**
     * The model as it is served now. Where its route came, while the body did, to look at a header
     * that was not kept with the head, the model as it was then: the request meets one state or the
     * other, and no mixture.
     */
    private ServedModel asSeen(InferRequest request) {
        ModelRef ref = request.model();
        ServingTable current = table;
        ServedModel now = model(current, ref);
        ServedRoute route = now.route();
        if (route == null
                || ref.isPinned()
                || !(request.facts().seen() instanceof ServingTable head)
                || head == current
                || head.routingNames().hasHeadersOf(route.route())) {
            return now;
        }
        ServedModel then = head.models().get(ref.name());
        boolean isServed = then != null && (then.route() != null || then.current() != null);
        return then != null && isServed ? then : now;
    }

    private Admission admit(Exchange exchange, ServedModel model) {
        InferRequest request = exchange.request();
        ModelRef ref = request.model();
        ServedRoute route = model.route();
        LiveVersion version;
        if (ref.isPinned()) {
            version = available(model, ref, model.versions().get(ref.version()));
            exchange.routed(version.info(), model.pinned());
        } else if (route == null) {
            version = available(model, ref, model.current());
            exchange.routed(version.info(), model.followed());
        } else {
            ServedRoute.Way way = route.choose(exchange);
            if (way == null) {
                throw notReady(ref);
            }
            version = way.version();
            exchange.routed(version.info(), way.decision());
        }
        version.info().signature().check(ref.name(), request.inputs(), request.outputs());
        return version.scheduler().submit(exchange);
    }

    /**
     * The version that a request for {@code ref} runs on now; with a route, the one that most
     * requests run on.
     *
     * @throws FailureException when there is none
     */
    public VersionInfo version(ModelRef ref) {
        ServedModel model = model(ref);
        ServedRoute route = model.route();
        if (ref.isPinned()) {
            return available(model, ref, model.versions().get(ref.version())).info();
        }
        return available(model, ref, route == null ? model.current() : route.main()).info();
    }

    private ServedModel model(ModelRef ref) {
        return model(table, ref);
    }

    private static ServedModel model(ServingTable from, ModelRef ref) {
        ServedModel model = from.models().get(ref.name());
        if (model == null) {
            throw notFound("Request for unknown model: '" + ref.name() + "' is not found");
        }
        return model;
    }

    private static LiveVersion available(
            ServedModel model, ModelRef ref, @Nullable LiveVersion version) {
        if (version != null) {
            return version;
        }
        if (ref.isPinned()) {
            if (model.pending().containsKey(ref.version())) {
                throw notReady(ref);
            }
            throw notFound(
                    "Request for unknown model: '"
                            + ref.name()
                            + "' version "
                            + ref.version()
                            + " is not found");
        }
        if (!model.pending().isEmpty() || model.route() != null) {
            throw notReady(ref);
        }
        throw notFound("Request for unknown model: '" + ref.name() + "' has no available versions");
    }

    private static FailureException notFound(String message) {
        return new FailureException(new Failure.ModelNotFound(message));
    }

    private static FailureException notReady(ModelRef ref) {
        String what =
                ref.isPinned()
                        ? "'" + ref.name() + "' version " + ref.version()
                        : "'" + ref.name() + "'";
        return new FailureException(new Failure.NotReady(what + " is not at ready state"));
    }
}

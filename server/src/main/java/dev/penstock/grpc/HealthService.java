package dev.penstock.grpc;

import dev.penstock.serving.InferenceService;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.Set;

/**
 * The standard health service. Every service of this server, and the server itself under the empty
 * name, serves while {@link InferenceService#isReady} says so.
 *
 * <p>Readiness is asked, not announced: {@link #refresh} compares and tells the watchers. Any
 * thread.
 */
final class HealthService extends HealthGrpc.HealthImplBase {
    private record Watcher(ServerCallStreamObserver<HealthCheckResponse> reply) {
        void tell(ServingStatus status) {
            if (!reply.isCancelled()) {
                reply.onNext(response(status));
            }
        }
    }

    private final InferenceService service;
    private final Set<String> services;

    // Guarded by this.
    private final Set<Watcher> watchers = new HashSet<>();
    private ServingStatus last = ServingStatus.NOT_SERVING;
    private boolean isStopping;

    /**
     * @param services names that callers may ask for, beside the empty one
     */
    HealthService(InferenceService service, Set<String> services) {
        this.service = service;
        this.services = Set.copyOf(services);
    }

    @Override
    public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> reply) {
        if (!isKnown(request)) {
            reply.onError(Status.NOT_FOUND.withDescription("unknown service").asException());
            return;
        }
        reply.onNext(response(status()));
        reply.onCompleted();
    }

    @Override
    public void watch(HealthCheckRequest request, StreamObserver<HealthCheckResponse> reply) {
        ServerCallStreamObserver<HealthCheckResponse> stream =
                (ServerCallStreamObserver<HealthCheckResponse>) reply;
        Watcher watcher = new Watcher(stream);
        stream.setOnCancelHandler(() -> forget(watcher));
        if (!isKnown(request)) {
            // The stream stays: the service could come later. Here none does.
            watcher.tell(ServingStatus.SERVICE_UNKNOWN);
            return;
        }
        synchronized (this) {
            refresh();
            watcher.tell(last);
            if (!isStopping) {
                watchers.add(watcher);
            }
        }
    }

    private boolean isKnown(HealthCheckRequest request) {
        return request.getService().isEmpty() || services.contains(request.getService());
    }

    private synchronized void forget(Watcher watcher) {
        watchers.remove(watcher);
    }

    private synchronized ServingStatus status() {
        return service.isReady() && !isStopping ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    }

    /** Tells the watchers if readiness changed since the last time. */
    synchronized void refresh() {
        ServingStatus now = status();
        if (now != last) {
            last = now;
            watchers.forEach(watcher -> watcher.tell(now));
        }
    }

    /** Serves nothing from now on, tells the watchers, and then nothing more: their calls end. */
    synchronized void stop() {
        isStopping = true;
        refresh();
        watchers.clear();
    }

    private static HealthCheckResponse response(ServingStatus status) {
        return HealthCheckResponse.newBuilder().setStatus(status).build();
    }
}

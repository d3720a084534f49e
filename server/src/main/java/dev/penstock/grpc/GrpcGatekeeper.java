package dev.penstock.grpc;

import dev.penstock.access.Access;
import dev.penstock.access.Caller;
import dev.penstock.access.Denied;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.Right;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks {@link Access} about every call before its method sees it. Any thread. */
final class GrpcGatekeeper implements ServerInterceptor {
    /** Whose call begins; none while it is somebody without a token. */
    private static final Context.Key<Caller> CALLER = Context.key("penstock-caller");

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    // Of a connection that has none: no address of this machine's own.
    private static final InetAddress NOWHERE = new InetSocketAddress(0).getAddress();

    private final Access access;
    private final CallMetadata metadata;
    private final Map<String, GuardedRoute> routes = new HashMap<>();

    GrpcGatekeeper(Access access, CallMetadata metadata) {
        this.access = access;
        this.metadata = metadata;
    }

    /**
     * Guards the methods of a service.
     *
     * @throws IllegalStateException when there is no rule for one of them
     */
    ServerServiceDefinition guard(ServerServiceDefinition service) {
        for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
            String name = method.getMethodDescriptor().getFullMethodName();
            routes.put(name, new GuardedRoute(Listener.GRPC, "CALL", name, right(name)));
        }
        return service;
    }

    /** All that callers can call. */
    List<GuardedRoute> routes() {
        return List.copyOf(routes.values());
    }

    private static @Nullable Right right(String name) {
        int slash = name.indexOf('/');
        return switch (name.substring(0, slash)) {
            // Those who only ask whether to send traffic here have no tokens.
            case HealthGrpc.SERVICE_NAME -> null;
            case ServerReflectionGrpc.SERVICE_NAME, "grpc.reflection.v1alpha.ServerReflection" ->
                    Right.OBSERVE;
            case GRPCInferenceServiceGrpc.SERVICE_NAME ->
                    switch (name.substring(slash + 1)) {
                        case "ServerLive", "ServerReady" -> null;
                        case "ServerMetadata", "ModelMetadata", "ModelReady" -> Right.OBSERVE;
                        case "ModelInfer" -> Right.PREDICT;
                        // Not offered, but who asks learns even that only with a right.
                        case "ModelStreamInfer",
                                "SystemSharedMemoryStatus",
                                "SystemSharedMemoryRegister",
                                "SystemSharedMemoryUnregister",
                                "CudaSharedMemoryStatus",
                                "CudaSharedMemoryRegister",
                                "CudaSharedMemoryUnregister" ->
                                Right.PREDICT;
                        case "ModelConfig",
                                "ModelStatistics",
                                "RepositoryIndex",
                                "RepositoryModelLoad",
                                "RepositoryModelUnload",
                                "TraceSetting",
                                "LogSettings" ->
                                Right.OBSERVE;
                        default -> throw new IllegalStateException("no rule for " + name);
                    };
            default -> throw new IllegalStateException("no rule for " + name);
        };
    }

    /**
     * Whose call begins, for its name; asked by a method while it takes the call. Somebody without
     * a token is {@link Caller#NOBODY} here, whatever the rights.
     */
    static Caller caller() {
        Caller caller = CALLER.get();
        return caller == null ? Caller.NOBODY : caller;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        GuardedRoute route = routes.get(call.getMethodDescriptor().getFullMethodName());
        if (route == null) {
            return refuse(call, Denied.FORBIDDEN);
        }
        InetAddress remote =
                call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)
                                instanceof InetSocketAddress socket
                        ? socket.getAddress()
                        : NOWHERE;
        return switch (access.authorize(
                Listener.GRPC, remote, false, authorization(headers), route.right())) {
            case Caller caller when caller.isAnonymous() -> next.startCall(call, headers);
            case Caller caller -> start(caller, call, headers, next);
            case Denied denied -> refuse(call, denied);
        };
    }

    private static @Nullable String authorization(Metadata headers) {
        Iterable<String> all = headers.getAll(AUTHORIZATION);
        if (all == null) {
            return null;
        }
        Iterator<String> each = all.iterator();
        String first = each.next();
        return each.hasNext() ? "" : first;
    }

    private static <Q, A> ServerCall.Listener<Q> start(
            Caller caller, ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Context named = Context.current().withValue(CALLER, caller);
        Context before = named.attach();
        try {
            return next.startCall(call, headers);
        } finally {
            named.detach(before);
        }
    }

    private <Q, A> ServerCall.Listener<Q> refuse(ServerCall<Q, A> call, Denied denied) {
        Metadata trailers = new Metadata();
        metadata.describe(denied, trailers);
        call.close(CallMetadata.status(denied), trailers);
        return new ServerCall.Listener<>() {};
    }
}

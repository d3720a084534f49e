package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.ServerInfo;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.ModelMetadataRequest;
import dev.penstock.proto.ModelMetadataResponse;
import dev.penstock.proto.ModelReadyRequest;
import dev.penstock.proto.ModelReadyResponse;
import dev.penstock.proto.ServerLiveRequest;
import dev.penstock.proto.ServerLiveResponse;
import dev.penstock.proto.ServerMetadataRequest;
import dev.penstock.proto.ServerMetadataResponse;
import dev.penstock.proto.ServerReadyRequest;
import dev.penstock.proto.ServerReadyResponse;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.tensor.TensorSpec;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.StreamObserver;

/**
 * The Open Inference service: health and metadata with the generated classes, and {@link
 * ModelInferMethod} in the place of the generated ModelInfer. What is not here, the generated base
 * answers with UNIMPLEMENTED.
 */
final class OipService extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
    private final InferenceService service;
    private final ServerInfo info;
    private final Limits limits;
    private final CallMetadata metadata;

    OipService(InferenceService service, ServerInfo info, Limits limits, CallMetadata metadata) {
        this.service = service;
        this.info = info;
        this.limits = limits;
        this.metadata = metadata;
    }

    /** The service with this method ModelInfer. */
    ServerServiceDefinition with(ModelInferMethod infer) {
        ServerServiceDefinition generated = bindService();
        MethodDescriptor<InferMessage, OipMessageWriter> own = infer.descriptor();
        ServiceDescriptor old = generated.getServiceDescriptor();
        ServiceDescriptor.Builder descriptor =
                ServiceDescriptor.newBuilder(old.getName())
                        .setSchemaDescriptor(old.getSchemaDescriptor());
        for (MethodDescriptor<?, ?> method : old.getMethods()) {
            descriptor.addMethod(isInfer(method) ? own : method);
        }
        ServerServiceDefinition.Builder definition =
                ServerServiceDefinition.builder(descriptor.build());
        for (ServerMethodDefinition<?, ?> method : generated.getMethods()) {
            if (!isInfer(method.getMethodDescriptor())) {
                definition.addMethod(method);
            }
        }
        return definition.addMethod(own, infer).build();
    }

    private static boolean isInfer(MethodDescriptor<?, ?> method) {
        return method.getFullMethodName()
                .equals(GRPCInferenceServiceGrpc.getModelInferMethod().getFullMethodName());
    }

    @Override
    public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> reply) {
        answer(reply, ServerLiveResponse.newBuilder().setLive(true).build());
    }

    @Override
    public void serverReady(ServerReadyRequest request, StreamObserver<ServerReadyResponse> reply) {
        answer(reply, ServerReadyResponse.newBuilder().setReady(service.isReady()).build());
    }

    @Override
    public void serverMetadata(
            ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> reply) {
        answer(
                reply,
                ServerMetadataResponse.newBuilder()
                        .setName(info.name())
                        .setVersion(info.version())
                        .addAllExtensions(info.extensions())
                        .build());
    }

    @Override
    public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> reply) {
        try {
            ModelRef ref = ref(request.getName(), request.getVersion());
            answer(reply, ModelReadyResponse.newBuilder().setReady(isReady(ref)).build());
        } catch (FailureException e) {
            fail(reply, e.failure());
        }
    }

    // Of a model that nobody knows the protocol says that it is not ready, not that it is unknown.
    private boolean isReady(ModelRef ref) {
        try {
            service.version(ref);
            return true;
        } catch (FailureException e) {
            return false;
        }
    }

    @Override
    public void modelMetadata(
            ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> reply) {
        try {
            ModelRef ref = ref(request.getName(), request.getVersion());
            answer(reply, describe(ref, service.version(ref)));
        } catch (FailureException e) {
            fail(reply, e.failure());
        }
    }

    private ModelMetadataResponse describe(ModelRef ref, VersionInfo version) {
        ModelMetadataResponse.Builder response =
                ModelMetadataResponse.newBuilder()
                        .setName(version.id().model())
                        .setPlatform(version.platform());
        ServedModel model = service.table().models().get(ref.name());
        if (ref.isPinned() || model == null) {
            response.addVersions(Long.toString(version.id().number()));
        } else {
            model.versions().keySet().forEach(n -> response.addVersions(Long.toString(n)));
        }
        version.signature().inputs().forEach(spec -> response.addInputs(describe(spec)));
        version.signature().outputs().forEach(spec -> response.addOutputs(describe(spec)));
        return response.build();
    }

    private static ModelMetadataResponse.TensorMetadata describe(TensorSpec spec) {
        ModelMetadataResponse.TensorMetadata.Builder tensor =
                ModelMetadataResponse.TensorMetadata.newBuilder()
                        .setName(spec.name())
                        .setDatatype(spec.type().name());
        for (int axis = 0; axis < spec.shape().rank(); axis++) {
            tensor.addShape(spec.shape().dim(axis));
        }
        return tensor.build();
    }

    private ModelRef ref(String name, String version) {
        if (name.length() > limits.nameBytes() || version.length() > limits.nameBytes()) {
            throw Refusals.tooLong(
                    "the model's name or version",
                    Math.max(name.length(), version.length()),
                    limits.nameBytes());
        }
        if (version.isEmpty()) {
            return new ModelRef(name, ModelRef.ANY);
        }
        long number = VersionId.parseNumber(version);
        if (number == 0) {
            throw Refusals.wrongVersion(version);
        }
        return new ModelRef(name, number);
    }

    private static <T> void answer(StreamObserver<T> reply, T message) {
        reply.onNext(message);
        reply.onCompleted();
    }

    private void fail(StreamObserver<?> reply, Failure failure) {
        Metadata trailers = new Metadata();
        metadata.describe(failure, trailers);
        reply.onError(CallMetadata.status(failure).asRuntimeException(trailers));
    }
}

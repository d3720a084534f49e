package dev.penstock;

import dev.penstock.inference.Limits;

/** The default limits but for those that a test reaches. */
public final class ChangedLimits {
    private ChangedLimits() {}

    public static Limits bodyBytes(int bodyBytes) {
        return with(bodyBytes, Limits.DEFAULT.connectionsPerAddress());
    }

    public static Limits connectionsPerAddress(int connections) {
        return with(Limits.DEFAULT.bodyBytes(), connections);
    }

    private static Limits with(int bodyBytes, int connectionsPerAddress) {
        Limits d = Limits.DEFAULT;
        return new Limits(
                d.headBytes(),
                d.requestLineBytes(),
                d.headers(),
                d.trailerBytes(),
                bodyBytes,
                d.chunks(),
                d.pipelined(),
                d.connections(),
                connectionsPerAddress,
                d.headTime(),
                d.bodyTime(),
                d.bodyBytesPerSecond(),
                d.bodyGrace(),
                d.idleTime(),
                d.writeStallTime(),
                d.writeQueueBytes(),
                d.jsonDepth(),
                d.jsonKeys(),
                d.numberChars(),
                d.idBytes(),
                d.nameBytes(),
                d.tensors(),
                d.rank(),
                d.parameters(),
                d.parameterBytes(),
                d.bytesElementBytes(),
                d.inflateRatio(),
                d.inflateFloorBytes(),
                d.grpcStreams(),
                d.grpcMetadataBytes(),
                d.grpcResets(),
                d.grpcPing(),
                d.grpcConnectionAge(),
                d.grpcConnectionGrace(),
                d.runTime());
    }
}

package dev.penstock;

import dev.penstock.inference.Limits;
import java.time.Duration;

/** The default limits but for those that a test reaches. */
public final class ChangedLimits {
    private ChangedLimits() {}

    public static Limits bodyBytes(int bodyBytes) {
        Limits d = Limits.DEFAULT;
        return with(bodyBytes, d.connectionsPerAddress(), d.bodyTime());
    }

    public static Limits connectionsPerAddress(int connections) {
        Limits d = Limits.DEFAULT;
        return with(d.bodyBytes(), connections, d.bodyTime());
    }

    public static Limits bodyTime(Duration bodyTime) {
        Limits d = Limits.DEFAULT;
        return with(d.bodyBytes(), d.connectionsPerAddress(), bodyTime);
    }

    private static Limits with(int bodyBytes, int connectionsPerAddress, Duration bodyTime) {
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
                bodyTime,
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

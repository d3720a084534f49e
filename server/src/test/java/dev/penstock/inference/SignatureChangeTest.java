package dev.penstock.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SignatureChangeTest {
    private static TensorSpec spec(String name, DataType type, long... dims) {
        return new TensorSpec(name, type, Shape.of(dims));
    }

    private static Signature signature(TensorSpec input, TensorSpec output) {
        return new Signature(List.of(input), List.of(output), 0);
    }

    private final TensorSpec input = spec("x", DataType.FP32, -1, 4);
    private final TensorSpec output = spec("y", DataType.FP32, -1, 2);
    private final Signature before = signature(input, output);

    private String breaking(TensorSpec newInput, TensorSpec newOutput) {
        return SignatureChange.breaking(before, signature(newInput, newOutput));
    }

    @Test
    void whatTakesAndGivesAsMuchOrMoreBreaksNobody() {
        assertNull(breaking(input, output));
        assertNull(breaking(spec("x", DataType.FP32, -1, -1), output));
        assertNull(breaking(input, spec("y", DataType.FP32, 1, 2)));
        Signature more =
                new Signature(List.of(input), List.of(spec("z", DataType.BYTES, -1), output), 0);
        assertNull(SignatureChange.breaking(before, more));
        assertNull(SignatureChange.breaking(before.withMaxBatchSize(4), before));
        assertNull(
                SignatureChange.breaking(before.withMaxBatchSize(4), before.withMaxBatchSize(8)));
    }

    @Test
    void aChangedInputBreaks() {
        assertEquals("input 'x' is gone", breaking(spec("w", DataType.FP32, -1, 4), output));
        assertEquals(
                "input 'x' is FP64, not FP32", breaking(spec("x", DataType.FP64, -1, 4), output));
        assertEquals(
                "input 'x' has shape [-1,5], not [-1,4]",
                breaking(spec("x", DataType.FP32, -1, 5), output));
        assertEquals(
                "input 'x' has shape [1,4], not [-1,4]",
                breaking(spec("x", DataType.FP32, 1, 4), output));
        assertEquals(
                "input 'x' has shape [-1,4,1], not [-1,4]",
                breaking(spec("x", DataType.FP32, -1, 4, 1), output));
        Signature two =
                new Signature(List.of(input, spec("w", DataType.FP32, 1)), List.of(output), 0);
        assertEquals("input 'w' is new", SignatureChange.breaking(before, two));
    }

    @Test
    void aChangedOutputBreaks() {
        assertEquals("output 'y' is gone", breaking(input, spec("z", DataType.FP32, -1, 2)));
        assertEquals(
                "output 'y' is INT64, not FP32", breaking(input, spec("y", DataType.INT64, -1, 2)));
        assertEquals(
                "output 'y' has shape [-1,-1], not [-1,2]",
                breaking(input, spec("y", DataType.FP32, -1, -1)));
    }

    @Test
    void fewerRowsBreak() {
        assertEquals(
                "takes 8 rows at most, not any number",
                SignatureChange.breaking(before, before.withMaxBatchSize(8)));
        assertEquals(
                "takes 4 rows at most, not 8",
                SignatureChange.breaking(before.withMaxBatchSize(8), before.withMaxBatchSize(4)));
    }
}

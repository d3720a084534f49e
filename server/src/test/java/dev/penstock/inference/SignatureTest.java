package dev.penstock.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SignatureTest {
    private final Signature signature =
            new Signature(
                    List.of(
                            new TensorSpec("INPUT0", DataType.FP32, Shape.of(-1, 16)),
                            new TensorSpec("INPUT1", DataType.INT64, Shape.of(-1)),
                            new TensorSpec("INPUT2", DataType.BYTES, Shape.of(-1))),
                    List.of(new TensorSpec("OUTPUT0", DataType.FP32, Shape.of(-1, 16))),
                    8);

    @Test
    void acceptsWhatFits() {
        check(List.of("OUTPUT0"), input0(2), input1(2), input2(2));
    }

    @Test
    void namesWhatIsMissing() {
        assertEquals(
                "expected 3 inputs but got 1 inputs for model 'm'. Got input(s) ['INPUT0'], but missing"
                        + " required input(s) ['INPUT1','INPUT2']. Please provide all required input(s).",
                refusal(List.of(), input0(1)));
    }

    @Test
    void refusesAnInputThatTheModelDoesNotHave() {
        assertEquals(
                "expected 3 inputs but got 4 inputs for model 'm': unexpected inference input in"
                        + " ['INPUT0','INPUT1','INPUT2','extra']",
                refusal(
                        List.of(),
                        input0(1),
                        input1(1),
                        input2(1),
                        new Tensor("extra", DataType.INT8, Shape.of(1), ByteBuffer.allocate(1))));
    }

    @Test
    void theHintNamesWhatWouldFit() {
        Tensor extra = new Tensor("extra", DataType.INT8, Shape.of(1), ByteBuffer.allocate(1));
        assertEquals(
                "the inputs are 'INPUT0', 'INPUT1', 'INPUT2'",
                refused(List.of(), input0(1), input1(1), extra).hint());
        assertEquals(
                "send at most 8 rows at a time",
                refused(List.of(), input0(9), input1(9), input2(9)).hint());
    }

    @Test
    void aNameThatNoHeaderCarriesIsLeftOutOfTheHint() {
        Signature odd =
                new Signature(
                        List.of(new TensorSpec("a\nb", DataType.FP32, Shape.of(1))), List.of(), 0);
        FailureException refused =
                assertThrows(
                        FailureException.class,
                        () -> odd.check("m", TensorSet.of(List.of(), () -> {}), List.of()));
        assertEquals(
                "the model's metadata shows its signature: GET /v2/models/{name}",
                refused.failure().hint());
    }

    @Test
    void refusesAnInputGivenTwice() {
        assertEquals(
                "input 'INPUT0' already exists in request",
                refusal(List.of(), input0(1), input0(1), input1(1)));
    }

    @Test
    void refusesAnotherDatatype() {
        Tensor wrong = new Tensor("INPUT1", DataType.INT32, Shape.of(1), ByteBuffer.allocate(4));
        assertEquals(
                "inference input 'INPUT1' data-type is 'INT32', but model 'm' expects 'INT64'",
                refusal(List.of(), input0(1), wrong, input2(1)));
    }

    @Test
    void refusesAnotherShape() {
        Tensor wrong =
                new Tensor("INPUT0", DataType.FP32, Shape.of(1, 17), ByteBuffer.allocate(68));
        assertEquals(
                "unexpected shape for input 'INPUT0' for model 'm'. Expected [-1,16], got [1,17]",
                refusal(List.of(), wrong, input1(1), input2(1)));
    }

    @Test
    void refusesMoreRowsThanABatchMayHave() {
        assertEquals(
                "inference request batch-size must be <= 8 for 'm', got 9",
                refusal(List.of(), input0(9), input1(9), input2(9)));
    }

    @Test
    void refusesFewerBytesThanTheShapeSays() {
        // 1 · 16 elements of 4 bytes are 64 bytes.
        Tensor wrong =
                new Tensor("INPUT0", DataType.FP32, Shape.of(1, 16), ByteBuffer.allocate(40));
        assertEquals(
                "input byte size mismatch for input 'INPUT0' for model 'm'. Expected 64, got 40",
                refusal(List.of(), wrong, input1(1), input2(1)));
    }

    @Test
    void refusesAnOutputThatIsNotThereOrAskedForTwice() {
        assertEquals(
                "unexpected inference output 'OUTPUT9' for model 'm'",
                refusal(List.of("OUTPUT9"), input0(1), input1(1), input2(1)));
        assertEquals(
                "output 'OUTPUT0' already exists in request",
                refusal(List.of("OUTPUT0", "OUTPUT0"), input0(1), input1(1), input2(1)));
    }

    private static Tensor input0(int rows) {
        return new Tensor(
                "INPUT0", DataType.FP32, Shape.of(rows, 16), ByteBuffer.allocate(rows * 64));
    }

    private static Tensor input1(int rows) {
        return new Tensor("INPUT1", DataType.INT64, Shape.of(rows), ByteBuffer.allocate(rows * 8));
    }

    private static Tensor input2(int rows) {
        return new Tensor("INPUT2", DataType.BYTES, Shape.of(rows), ByteBuffer.allocate(rows * 4));
    }

    private void check(List<String> outputs, Tensor... tensors) {
        try (TensorSet set = TensorSet.of(List.of(tensors), () -> {})) {
            signature.check("m", set, outputs);
        }
    }

    private String refusal(List<String> outputs, Tensor... tensors) {
        return refused(outputs, tensors).message();
    }

    private Failure refused(List<String> outputs, Tensor... tensors) {
        FailureException refused =
                assertThrows(FailureException.class, () -> check(outputs, tensors));
        assertEquals(Status.INVALID, Status.of(refused.failure()));
        return refused.failure();
    }
}

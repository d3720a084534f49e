package dev.penstock.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import org.junit.jupiter.api.Test;

/** The messages are what ONNX Runtime 1.29.0 said to such runs. */
class RunFailureTest {
    private static final int FAIL = 1;
    private static final int INVALID_ARGUMENT = 2;

    @Test
    void theCallerReadsTheOperatorsWordsAlone() {
        assertEquals(
                "model refused its input: indices element out of data bounds, idx=3 must be"
                        + " within the inclusive range [-3,2]",
                message(
                        INVALID_ARGUMENT,
                        "Non-zero status code returned while running Gather node. Name:'' Status"
                                + " Message: indices element out of data bounds, idx=3 must be"
                                + " within the inclusive range [-3,2]"));
    }

    @Test
    void placesInTheRuntimesSourceAreCutOut() {
        assertEquals(
                "model refused its input: Tensor shape.Size() must be >= 0",
                message(
                        FAIL,
                        "Non-zero status code returned while running ConstantOfShape node. Name:''"
                                + " Status Message:"
                                + " /onnxruntime_src/onnxruntime/core/framework/op_kernel.cc:83 virtual"
                                + " OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const"
                                + " onnxruntime::TensorShape&) [ONNXRuntimeError] : 1 : FAIL :"
                                + " tensor.cc:57 CalculateTensorStorageSize Tensor shape.Size() must be"
                                + " >= 0\n"));
        assertEquals(
                "model refused its input: axis == 1 || axis == largest was false. Attempting to"
                        + " broadcast an axis by a dimension other than 1. 2 by 3",
                message(
                        FAIL,
                        "Non-zero status code returned while running Add node. Name:'' Status"
                                + " Message:"
                                + " /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:563"
                                + " void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t)"
                                + " axis == 1 || axis == largest was false. Attempting to broadcast an"
                                + " axis by a dimension other than 1. 2 by 3\n"));
    }

    @Test
    void pathsAreCutOutAndTextIsShort() {
        String message = message(INVALID_ARGUMENT, "cannot use /srv/models/secret/1/model.onnx");
        assertEquals("model refused its input: cannot use …", message);
        assertEquals(325 + 1, message(INVALID_ARGUMENT, "x".repeat(5000)).length());
    }

    @Test
    void whatIsNotClearlyTheCallersFaultIsOurs() {
        String text = "Non-zero status code returned while running Foo node. bad luck";
        EngineException ours = RunFailure.of(FAIL, text, false);
        assertEquals(EngineException.Code.RUN_FAILED, ours.code());
        assertEquals(text, ours.getMessage());
    }

    @Test
    void aTerminatedRunIsLateWhateverTheRuntimeSays() {
        FailureException late =
                assertThrows(
                        FailureException.class,
                        () -> RunFailure.of(INVALID_ARGUMENT, "anything", true));
        assertInstanceOf(Failure.DeadlineExceeded.class, late.failure());
    }

    private static String message(int code, String text) {
        FailureException refused =
                assertThrows(FailureException.class, () -> RunFailure.of(code, text, false));
        return assertInstanceOf(Failure.InvalidInput.class, refused.failure()).message();
    }
}

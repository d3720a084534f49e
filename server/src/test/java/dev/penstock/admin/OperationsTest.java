package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.PredictionId;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class OperationsTest {
    private final Operations operations =
            new Operations(InstantSource.system(), () -> new PredictionId(7, 9));

    private Problem problem(Operation operation) {
        while (operation.isRunning()) {
            Thread.onSpinWait();
        }
        OperationView view = operation.view();
        assertEquals("cancelled", view.state());
        Problem problem = view.problem();
        assertNotNull(problem);
        return problem;
    }

    @Test
    void whatIsCancelledBeforeItTakesEffectDoesNot() {
        Operation operation = operations.open("k", "m", null, 2);
        operation.cancel();
        operations.start(
                operation,
                course -> {
                    course.commit("publish");
                    return "made";
                });
        assertTrue(String.valueOf(problem(operation).detail()).contains("before it took effect"));
        assertFalse(operation.isCommitted());
    }

    @Test
    void whatIsCancelledAfterItTookEffectSaysThatItStays() {
        Operation operation = operations.open("k", "m", null, 2);
        assertTrue(operation.tryCommit("publish"));
        operation.cancel();
        operations.start(
                operation,
                course -> {
                    course.mayEnd(true);
                    return "loaded";
                });
        String detail = String.valueOf(problem(operation).detail());
        assertTrue(detail.contains("after it took effect"), detail);
    }
}

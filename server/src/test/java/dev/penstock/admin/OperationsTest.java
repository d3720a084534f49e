package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.PredictionId;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class OperationsTest {
    @Test
    void anOperationThatBreaksOfAnErrorHasFailed() {
        try (Operations operations =
                new Operations(
                        InstantSource.system(),
                        () -> PredictionId.next(InstantSource.system(), () -> 7))) {
            Operation operation = operations.open("route.change", "m", null, 1);
            operations.start(
                    operation,
                    course -> {
                        throw new NoClassDefFoundError("as after a jar was replaced");
                    });
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (operation.isRunning()) {
                assertTrue(System.nanoTime() < until, "it runs for ever");
                Thread.onSpinWait();
            }
            OperationView view = operations.get(operation.id());
            assertEquals("failed", view.state());
        }
    }
}

package dev.penstock.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;

class NativeRuntimeTest {
    @Test
    void runtimesFromTheOldestAllowedOnAreTaken() {
        for (String version : new String[] {"1.28.1", "1.29.0", "1.30.0", "1.100.0", "2.0.0"}) {
            assertDoesNotThrow(() -> NativeRuntime.check(version, Map.of()));
        }
    }

    @Test
    void anOlderRuntimeIsRefused() {
        for (String version : new String[] {"1.28.0", "1.9.9", "1.0.0", "0.5.0"}) {
            IllegalArgumentException refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> NativeRuntime.check(version, Map.of()));
            assertEquals(
                    "native runtime is version " + version + ", must be at least 1.28.1",
                    refused.getMessage());
        }
    }

    @Test
    void anEnvironmentThatLetsModelsChooseOptionsIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> NativeRuntime.check("1.29.0", Map.of("ORT_LOAD_CONFIG_FROM_MODEL", "1")));
        assertDoesNotThrow(
                () -> NativeRuntime.check("1.29.0", Map.of("ORT_LOAD_CONFIG_FROM_MODEL", "0")));
    }
}

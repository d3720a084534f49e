package dev.penstock.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class ShapeTest {
    @Test
    void aScalarHasOneElement() {
        assertEquals(1, Shape.of().elements());
        assertEquals(8, Shape.of().byteSize(DataType.INT64));
    }

    @Test
    void elementsAreTheProduct() {
        assertEquals(24, Shape.of(2, 3, 4).elements()); // 2 · 3 · 4
        assertEquals(96, Shape.of(2, 3, 4).byteSize(DataType.FP32)); // 24 · 4
    }

    @Test
    void aZeroDoesNotHideAnOverflow() {
        assertEquals(0, Shape.of(0, 5).elements());
        assertThrows(
                ArithmeticException.class,
                () -> Shape.of(Long.MAX_VALUE, 0, Long.MAX_VALUE).elements());
    }

    @Test
    void aSizeThatDoesNotFitIsRefused() {
        // 2^62 elements fit a long, 2^62 · 8 bytes do not.
        Shape huge = Shape.of(1L << 31, 1L << 31);
        assertEquals(1L << 62, huge.elements());
        assertThrows(ArithmeticException.class, () -> huge.byteSize(DataType.FP64));
    }

    @Test
    void anOpenDimensionTakesAnyLengthAndAFixedOneOnlyItsOwn() {
        Shape spec = Shape.of(-1, 4);
        assertTrue(spec.accepts(Shape.of(7, 4)));
        assertTrue(spec.accepts(Shape.of(0, 4)));
        assertFalse(spec.accepts(Shape.of(7, 5)));
        assertFalse(spec.accepts(Shape.of(4)));
        assertFalse(spec.accepts(Shape.of(1, 1, 4)));
    }
}

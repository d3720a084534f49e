/**
 * ONNX Runtime by its own Java API: the second opinion. It carries all datatypes but the unsigned
 * integers of 16, 32 and 64 bits, and strings only as far as they are text. Named by {@code app}
 * alone; a runner belongs to one thread, everything else to any.
 */
@NullMarked
package dev.penstock.engine.ort;

import org.jspecify.annotations.NullMarked;

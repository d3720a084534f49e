/**
 * ONNX Runtime by its C API, called through {@code java.lang.foreign}: every datatype, outputs read
 * where the runtime put them, next to no garbage. Named by {@code app} alone; a runner belongs to
 * one thread, everything else to any.
 *
 * <p>From the inside out: {@code OrtLibrary} is the native library, {@code SessionApi} and {@code
 * RunApi} the functions that a load and a run call in it, {@code FfmSession} an open model, {@code
 * FfmRunner} a run.
 */
@NullMarked
package dev.penstock.engine.ffm;

import org.jspecify.annotations.NullMarked;

/**
 * Typed blocks of memory and the pool they come from. Whoever holds a {@link
 * dev.penstock.tensor.TensorSet} closes it, once. Any thread may hold one; one at a time does.
 */
@NullMarked
package dev.penstock.tensor;

import org.jspecify.annotations.NullMarked;

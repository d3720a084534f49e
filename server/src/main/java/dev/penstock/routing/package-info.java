/**
 * How a model's traffic is split between versions, as pure values: what an operator set, checked,
 * and the arithmetic that picks an arm. Read by {@code serving} on every prediction, made by {@code
 * control} and {@code admin}.
 */
@NullMarked
package dev.penstock.routing;

import org.jspecify.annotations.NullMarked;

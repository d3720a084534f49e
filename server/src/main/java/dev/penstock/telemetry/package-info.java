/**
 * Every meter by name; the one package that knows the metrics library. Counted on the path of a
 * prediction, read by whoever scrapes.
 */
@NullMarked
package dev.penstock.telemetry;

import org.jspecify.annotations.NullMarked;

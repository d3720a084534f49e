/**
 * Time, checks and closing: the floor that everything stands on. Any thread; no state of its own.
 */
@NullMarked
package dev.penstock.runtime;

import org.jspecify.annotations.NullMarked;

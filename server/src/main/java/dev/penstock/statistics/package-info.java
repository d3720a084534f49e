/**
 * Formulas, pure: the same arguments give the same result. Called from any thread; nothing here
 * waits or keeps state.
 */
@NullMarked
package dev.penstock.statistics;

import org.jspecify.annotations.NullMarked;

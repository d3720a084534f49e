/**
 * Builds the whole server by hand, in start order, and takes it down in reverse. The one package
 * that names adapters.
 */
@NullMarked
package dev.penstock.app;

import org.jspecify.annotations.NullMarked;

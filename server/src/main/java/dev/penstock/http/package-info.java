/**
 * The HTTP edge: reads predictions off the wire, hands them to {@code serving}, and writes the
 * answers. Made and closed by {@code app}; everything of one connection runs on its event loop.
 */
@NullMarked
package dev.penstock.http;

import org.jspecify.annotations.NullMarked;

/**
 * The door of predictions: one immutable table of what is served, and the path from a request to a
 * scheduler. Called by the edges on event loops.
 */
@NullMarked
package dev.penstock.serving;

import org.jspecify.annotations.NullMarked;

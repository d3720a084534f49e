/**
 * How a version's requests reach its session: on the event loop's own turn, or through a bounded
 * queue to instance threads. Called by {@code serving} on event loops.
 */
@NullMarked
package dev.penstock.scheduling;

import org.jspecify.annotations.NullMarked;

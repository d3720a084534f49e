/**
 * The gRPC edge: reads messages of the Open Inference Protocol, calls {@code serving}, and writes
 * the answers. Started by {@code app}; runs on the event loops that the HTTP edge uses too, but for
 * answers of a version's own threads, which write their reply themselves.
 */
@NullMarked
package dev.penstock.grpc;

import org.jspecify.annotations.NullMarked;

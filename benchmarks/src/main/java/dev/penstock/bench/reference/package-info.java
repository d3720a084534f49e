/**
 * The least a server can do: an HTTP echo, and inference over HTTP and gRPC with the wire work, the
 * run and nothing else. No ids, no headers of ours, no metrics, no limits, no checks of what comes
 * in. What penstock costs is said as a ratio to these.
 *
 * <p>Started as processes of their own by the comparison. Everything of a request happens on one
 * event loop. They stand on ONNX Runtime's C API through a binding of their own, so that no change
 * of penstock's engine moves the yardstick.
 */
@NullMarked
package dev.penstock.bench.reference;

import org.jspecify.annotations.NullMarked;

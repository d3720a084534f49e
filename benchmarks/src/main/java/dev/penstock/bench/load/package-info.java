/**
 * Load on one server over HTTP/1.1 or gRPC, closed loop or open loop, from a process of its own
 * with one thread. It sends request bytes made beforehand and reads of an answer only what tells
 * good from bad, because it shares the machine with what it measures.
 */
@NullMarked
package dev.penstock.bench.load;

import org.jspecify.annotations.NullMarked;

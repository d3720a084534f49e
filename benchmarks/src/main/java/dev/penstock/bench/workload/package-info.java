/**
 * The models that are measured and one request for each, in every form of the protocol. Built once,
 * at start, by whatever measures; nothing here is on a measured path.
 */
@NullMarked
package dev.penstock.bench.workload;

import org.jspecify.annotations.NullMarked;

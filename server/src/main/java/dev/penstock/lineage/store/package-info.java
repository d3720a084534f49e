/**
 * The lineage log as files: chained lines in segments by day, sealed with an index, a manifest and
 * a signature; the search and the proofs over them. One thread writes, readers run on any, beside
 * it or on a stopped server's folder.
 */
@NullMarked
package dev.penstock.lineage.store;

import org.jspecify.annotations.NullMarked;

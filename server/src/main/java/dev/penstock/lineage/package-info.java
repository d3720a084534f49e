/**
 * Records of sampled predictions. The decision is made on event loops, when an exchange is
 * completed; the record on threads after the answer; one thread of its own writes. Nothing here
 * makes a prediction wait: what finds no room is dropped and counted.
 */
@NullMarked
package dev.penstock.lineage;

import org.jspecify.annotations.NullMarked;

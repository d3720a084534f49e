/**
 * What is measured and how it is told: {@link dev.penstock.bench.Compare} puts the running server
 * beside the references; the classes whose names end in Bench measure one step of the path each,
 * under JMH. Nothing here ships.
 */
@NullMarked
package dev.penstock.bench;

import org.jspecify.annotations.NullMarked;

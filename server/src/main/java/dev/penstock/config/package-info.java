/**
 * From a YAML file, the environment and flags to a tree of records: typed values, the place each
 * came from, and every fault at once. A record component with {@link dev.penstock.config.Key} is
 * all that a new setting needs; the reader, the JSON Schema and the command line walk the same
 * components. Called by {@code app} at start and at reload and by {@code cli}, on their own
 * threads, never on the path of a prediction. The records themselves lie with what they configure.
 */
@NullMarked
package dev.penstock.config;

import org.jspecify.annotations.NullMarked;

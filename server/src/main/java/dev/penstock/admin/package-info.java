/**
 * The door of operators: what may be asked and changed, with its checks, as plain values and
 * blocking calls. Called by {@code http} on virtual threads; knows nothing of sockets.
 */
@NullMarked
package dev.penstock.admin;

import org.jspecify.annotations.NullMarked;

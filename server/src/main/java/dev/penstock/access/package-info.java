/**
 * Who a caller is and what it may do: rights, tokens, and the one function that every listener asks
 * before it does anything. Called by {@code http} and {@code grpc} on their event loops, and by
 * {@code cli}, which makes and revokes tokens; a thread of its own reads the token file again.
 */
@NullMarked
package dev.penstock.access;

import org.jspecify.annotations.NullMarked;

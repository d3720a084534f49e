/**
 * The words of a prediction: what is asked, what is answered, what can go wrong, and the exchange
 * that ties them together. Used by every package above; runs on the caller's thread.
 */
@NullMarked
package dev.penstock.inference;

import org.jspecify.annotations.NullMarked;

/**
 * Asks versions again what they, or others, once answered. Runs on threads of operations, in the
 * lowest class of work.
 */
@NullMarked
package dev.penstock.replay;

import org.jspecify.annotations.NullMarked;

/**
 * What is wanted, and making it so: looks at the store, plans, loads, publishes, unloads. One
 * thread of its own; {@code app} starts it, and the admin door reads its views from any thread.
 */
@NullMarked
package dev.penstock.control;

import org.jspecify.annotations.NullMarked;

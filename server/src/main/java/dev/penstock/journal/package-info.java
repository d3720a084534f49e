/**
 * Files that survive a crash and show what was done to them: chained lines in segments, and the few
 * calls of the file system that they and the control state are built on. A {@link
 * dev.penstock.journal.Journal} is for one thread at a time, its owner's; readers and {@link
 * dev.penstock.journal.ChainCheck} run on any thread, beside it or on a stopped server's folder.
 */
@NullMarked
package dev.penstock.journal;

import org.jspecify.annotations.NullMarked;

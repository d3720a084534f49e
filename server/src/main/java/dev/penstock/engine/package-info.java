/**
 * The boundary to native code: an engine opens sessions, a session gives out runners, a runner
 * runs. Called by {@code scheduling} and, for loading, by {@code repository}.
 */
@NullMarked
package dev.penstock.engine;

import org.jspecify.annotations.NullMarked;

/**
 * Versions at rest and alive: the store on disk, and the life of a version from Loading to
 * Unloaded. Called by {@code control}; runs on its thread and on loader threads, never on an event
 * loop.
 */
@NullMarked
package dev.penstock.repository;

import org.jspecify.annotations.NullMarked;

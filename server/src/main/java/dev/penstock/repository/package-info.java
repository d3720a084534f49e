/**
 * Versions at rest and alive: the store on disk, and the life of a version from Loading to
 * Unloaded. Runs on loader threads, never on an event loop.
 */
@NullMarked
package dev.penstock.repository;

import org.jspecify.annotations.NullMarked;

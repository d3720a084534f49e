/**
 * The commands of {@code penstock} that speak to a running server, over HTTP or gRPC, and the frame
 * that {@code app} hangs {@code serve} into. A command runs on the main thread of its own process,
 * off the path of every prediction; it uses nothing of the server but the generated messages.
 */
@NullMarked
package dev.penstock.cli;

import org.jspecify.annotations.NullMarked;

package dev.penstock.control;

/**
 * One thing that is wrong with a document.
 *
 * @param pointer JSON pointer to it (RFC 6901); empty for the whole document
 * @param message what is wrong, with the value, and what it must be
 */
public record Fault(String pointer, String message) {}

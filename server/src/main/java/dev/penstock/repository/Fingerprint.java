package dev.penstock.repository;

/**
 * Which state of a version's files a look saw; two that are equal mean that nothing was touched.
 *
 * @param files of the version's own files
 * @param config of the model's {@code config.pbtxt}; empty when there is none
 */
public record Fingerprint(String files, String config) {}

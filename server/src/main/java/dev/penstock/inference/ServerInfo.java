package dev.penstock.inference;

import java.util.List;

/** What the server says of itself in its metadata. */
public record ServerInfo(String name, String version, List<String> extensions) {}

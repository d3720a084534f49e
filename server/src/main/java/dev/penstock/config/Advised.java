package dev.penstock.config;

import java.util.List;

/**
 * A configuration record that is valid and may still be a mistake. Each sentence becomes a warning;
 * it begins with the name of the setting it is about, as the messages of the constructor do.
 */
public interface Advised {
    List<String> advice();
}

package dev.penstock.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a record component a setting, or a section when its type is a record. The name of the
 * setting is the component's, in lower case with hyphens.
 */
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Key {
    /** What it is, as a phrase without a full stop; stands in the schema, the help and the page. */
    String value();

    /** When a change of the setting is felt. */
    Reload reload() default Reload.RESTART;

    /** The flag of {@code penstock serve} that sets it, such as {@code --http}; empty for none. */
    String flag() default "";

    /** How the flag's value is called in the help. */
    String param() default "VALUE";

    /** A second variable that sets it, weaker than the one that its path gives. */
    String alias() default "";

    /** How the default is described where it depends on the machine. */
    String defaultText() default "";
}

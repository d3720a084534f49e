package dev.penstock.app;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes SIGTERM and SIGINT by a handler. A shutdown hook would be too late: ONNX Runtime has one of
 * its own that frees its environment as soon as exit begins, under the runs that still have to be
 * answered.
 *
 * <p>{@code sun.misc.Signal} is the JDK's only way to a signal; it is reached by reflection because
 * its compile-time warning cannot be turned off.
 */
final class Signals {
    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

    private Signals() {}

    /**
     * Calls the action with the signal's name, on a thread of the JVM's, for each signal that
     * arrives.
     */
    static void onTermination(Consumer<String> action) {
        for (String name : new String[] {"TERM", "INT"}) {
            try {
                handle(name, action);
            } catch (ReflectiveOperationException | IllegalArgumentException e) {
                LOG.warn(
                        "signal {} cannot be taken: {}; stopping will not drain",
                        name,
                        e.toString());
            }
        }
    }

    private static void handle(String name, Consumer<String> action)
            throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object proxy =
                Proxy.newProxyInstance(
                        Signals.class.getClassLoader(),
                        new Class<?>[] {handler},
                        (self, method, args) -> {
                            switch (method.getName()) {
                                case "handle" -> action.accept(name);
                                case "hashCode" -> {
                                    return System.identityHashCode(self);
                                }
                                case "equals" -> {
                                    return System.identityHashCode(self)
                                            == System.identityHashCode(args[0]);
                                }
                                default -> {
                                    return "handler of " + name;
                                }
                            }
                            return null;
                        });
        Object instance = signal.getConstructor(String.class).newInstance(name);
        try {
            signal.getMethod("handle", signal, handler).invoke(null, instance, proxy);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(e.getCause());
        }
    }
}

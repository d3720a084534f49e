package dev.penstock.cli;

import java.util.Stack;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a server listens.
 *
 * @param host a name, an IPv4 address, or an IPv6 address without brackets
 */
record HostPort(String host, int port) {
    private static final Pattern FORM =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.]+)]|([^\\s:/\\[\\]]+)):(\\d{1,5})");

    /** The scheme of the address as a browser shows it may stand before it. */
    private static final Pattern SCHEME = Pattern.compile("(?i)http://([^/]*)/?");

    /** Null when the text is not an address. */
    static @Nullable HostPort parse(String text) {
        Matcher scheme = SCHEME.matcher(text);
        Matcher matcher = FORM.matcher(scheme.matches() ? scheme.group(1) : text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > 65_535) {
            return null;
        }
        String bracketed = matcher.group(1);
        return new HostPort(
                bracketed != null ? bracketed : matcher.group(2),
                Integer.parseInt(matcher.group(3)));
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }

    static final class Converter implements ITypeConverter<HostPort> {
        @Override
        public HostPort convert(String text) {
            HostPort address = parse(text);
            if (address == null) {
                throw new TypeConversionException("'" + text + "' is not HOST:PORT");
            }
            return address;
        }
    }

    /**
     * For an option whose address may be left out: takes the next word only when it is an address,
     * so that {@code --grpc penguins} does not swallow the model's name.
     */
    static final class OrDefault implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> words, ArgSpec option, CommandSpec command) {
            HostPort given = words.isEmpty() ? null : parse(words.peek());
            if (given != null) {
                words.pop();
            }
            option.setValue(given != null ? given : defaultGrpc());
        }
    }

    static HostPort defaultHttp() {
        return fromEnvironment("PENSTOCK_HTTP", "127.0.0.1:8000");
    }

    static HostPort defaultAdmin() {
        return fromEnvironment("PENSTOCK_SERVER", "127.0.0.1:8003");
    }

    static HostPort defaultGrpc() {
        return fromEnvironment("PENSTOCK_GRPC", "127.0.0.1:8001");
    }

    private static HostPort fromEnvironment(String variable, String otherwise) {
        String text = System.getenv(variable);
        HostPort address = parse(text == null || text.isEmpty() ? otherwise : text);
        if (address == null) {
            throw CommandFailure.usage(
                    variable + " is '" + text + "', must be HOST:PORT", "set it, or unset it");
        }
        return address;
    }
}

package dev.penstock.app;

import static dev.penstock.runtime.Check.require;

import dev.penstock.config.Key;
import dev.penstock.config.ListenAddress;
import dev.penstock.config.Reload;
import dev.penstock.config.SecretFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where operators reach the server, and who may do what. */
record AdminConfig(
        @Key(value = "HOST:PORT for operators", flag = "--admin", param = "ADDR")
                ListenAddress address,
        @Key("Names that a Host header may have there; others are turned away") List<String> hosts,
        @Key("Who may do what") Auth auth) {

    static final AdminConfig DEFAULT =
            new AdminConfig(
                    new ListenAddress("127.0.0.1", 8003),
                    List.of("localhost", "127.0.0.1"),
                    new Auth(null, List.of(AnonymousRight.PREDICT, AnonymousRight.OBSERVE)));

    /** What may be given to everybody; to operate and to read recorded inputs may not. */
    enum AnonymousRight {
        PREDICT,
        OBSERVE
    }

    record Auth(
            @Key(
                            value =
                                    "The file of hashed tokens, as file:PATH; it is read again when it changes",
                            reload = Reload.LIVE)
                    @Nullable SecretFile tokens,
            @Key("What callers without a token may do") List<AnonymousRight> anonymous) {}

    AdminConfig {
        require(
                address.isLoopback(),
                "address is %s, but without credentials it may listen on loopback only",
                address);
        require(!hosts.isEmpty(), "hosts is empty, so nobody could reach the admin listener");
    }
}

package dev.penstock.app;

import dev.penstock.access.Right;
import dev.penstock.config.Advised;
import dev.penstock.config.Key;
import dev.penstock.config.ListenAddress;
import dev.penstock.config.Reload;
import dev.penstock.config.SecretFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where operators reach the server, and who may do what. */
record AdminConfig(
        @Key(
                        value =
                                "HOST:PORT for operators; off loopback only with a token that has admin",
                        flag = "--admin",
                        param = "ADDR")
                ListenAddress address,
        @Key(
                        value =
                                "Names, beside those of loopback, under which operators address the"
                                        + " admin listener",
                        flag = "--admin-host",
                        param = "NAME")
                List<String> hosts,
        @Key("Who may do what") Auth auth)
        implements Advised {

    static final AdminConfig DEFAULT =
            new AdminConfig(
                    new ListenAddress("127.0.0.1", 8003),
                    List.of(),
                    new Auth(null, List.of(AnonymousRight.PREDICT, AnonymousRight.OBSERVE)));

    /** What may be given to everybody; to operate and to read recorded inputs may not. */
    enum AnonymousRight {
        PREDICT,
        OBSERVE;

        Right right() {
            return this == PREDICT ? Right.PREDICT : Right.OBSERVE;
        }
    }

    record Auth(
            @Key(
                            value =
                                    "The file of tokens, made by penstock token, read again when it"
                                            + " changes; else tokens in the data folder, where there is one",
                            reload = Reload.LIVE,
                            flag = "--tokens",
                            param = "FILE")
                    @Nullable SecretFile tokens,
            @Key(
                            value = "What callers without a token may do",
                            flag = "--anonymous",
                            param = "RIGHTS")
                    List<AnonymousRight> anonymous) {}

    @Override
    public List<String> advice() {
        return address.isLoopback() || auth.tokens() != null
                ? List.of()
                : List.of(
                        "address is "
                                + address
                                + ", which others can reach: the server starts only where a token"
                                + " has the right admin");
    }
}

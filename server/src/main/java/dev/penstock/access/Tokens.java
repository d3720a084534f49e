package dev.penstock.access;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens of a running server. A thread of its own reads the file again several times a second,
 * so that a change is in force within one; what cannot be read or is wrong changes nothing and is
 * logged once.
 */
final class Tokens implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);
    private static final long LOOK_MILLIS = 250;

    private final @Nullable TokenFile file;
    private final List<Token> fixed;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile TokenTable table;

    // Of the last look.
    private String text;
    private @Nullable String trouble;

    /**
     * Reads the tokens for the first time.
     *
     * @throws IllegalArgumentException when they cannot be had
     */
    Tokens(AccessSettings settings) {
        Path path = settings.tokens();
        file = path == null ? null : new TokenFile(path);
        try {
            fixed = TokenTable.parse(settings.environmentTokens().replace(';', '\n'));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tokens of the environment: " + e.getMessage(), e);
        }
        text = file == null ? "" : file.text();
        table = tableOf(text);
    }

    private TokenTable tableOf(String fileText) {
        List<Token> all = new ArrayList<>(fixed);
        try {
            all.addAll(TokenTable.parse(fileText));
            return new TokenTable(all);
        } catch (IllegalArgumentException e) {
            String where = file == null ? "tokens" : "tokens is " + file.path();
            throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
        }
    }

    TokenTable table() {
        return table;
    }

    /** Begins to read the file again and again. */
    void start() {
        if (file != null) {
            var _ = Thread.ofPlatform().daemon().name("tokens").start(this::watch);
        }
    }

    private void watch() {
        try {
            while (!closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads the file; takes over what changed. */
    synchronized void look() {
        if (file == null) {
            return;
        }
        try {
            String now = file.text();
            if (!now.equals(text)) {
                TokenTable changed = tableOf(now);
                text = now;
                table = changed;
                LOG.info("tokens read again from {}: {}", file.path(), changed.tokens().size());
            }
            trouble = null;
        } catch (RuntimeException e) {
            String why = String.valueOf(e.getMessage());
            if (!why.equals(trouble)) {
                trouble = why;
                LOG.warn("{}; the tokens read before stay in force", why);
            }
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}

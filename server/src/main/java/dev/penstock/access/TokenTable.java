package dev.penstock.access;

import static dev.penstock.runtime.Check.require;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tokens in force at one time, ready to be compared with. */
final class TokenTable {
    static final int MAX_TOKENS = 1_000;
    static final TokenTable EMPTY = new TokenTable(List.of());

    private static final String SCHEME = "Bearer ";
    private static final int MAX_SECRET_CHARS = 512;

    private final List<Token> tokens;
    private final byte[][] hashes;
    private final Caller[] callers;

    /**
     * @throws IllegalArgumentException when there are too many, or the same secret twice
     */
    TokenTable(List<Token> tokens) {
        require(
                tokens.size() <= MAX_TOKENS,
                "there are %d tokens, at most %d are allowed",
                tokens.size(),
                MAX_TOKENS);
        this.tokens = List.copyOf(tokens);
        this.hashes = new byte[tokens.size()][];
        this.callers = new Caller[tokens.size()];
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            require(seen.add(token.sha256()), "the token %s is there twice", token.id());
            hashes[i] = HexFormat.of().parseHex(token.sha256());
            callers[i] = new Caller(token.name(), token.rights(), false);
        }
    }

    /**
     * Reads one token a line.
     *
     * @throws IllegalArgumentException with the number of the first line that is wrong
     */
    static List<Token> parse(String text) {
        List<Token> tokens = new ArrayList<>();
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            try {
                Token token = Token.parse(line);
                if (token != null) {
                    tokens.add(token);
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
            }
        }
        return tokens;
    }

    List<Token> tokens() {
        return tokens;
    }

    boolean grants(Right right) {
        for (Caller caller : callers) {
            if (caller.has(right)) {
                return true;
            }
        }
        return false;
    }

    /** Whose credentials these are; null when they are nobody's or no bearer token at all. */
    @Nullable Caller find(String authorization) {
        String secret = secret(authorization);
        if (secret == null) {
            return null;
        }
        byte[] hash = sha256(secret);
        int found = -1;
        // All of them, whichever fits: how long it takes says nothing of where.
        for (int i = 0; i < hashes.length; i++) {
            if (MessageDigest.isEqual(hashes[i], hash)) {
                found = i;
            }
        }
        return found < 0 ? null : callers[found];
    }

    private static @Nullable String secret(String authorization) {
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return null;
        }
        int from = SCHEME.length();
        int length = authorization.length() - from;
        if (length == 0 || length > MAX_SECRET_CHARS) {
            return null;
        }
        for (int i = from; i < authorization.length(); i++) {
            char c = authorization.charAt(i);
            if (c <= ' ' || c >= 0x7f) {
                return null;
            }
        }
        return authorization.substring(from);
    }

    static byte[] sha256(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(secret.getBytes(StandardCharsets.US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

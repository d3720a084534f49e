package dev.penstock.http;

import org.jspecify.annotations.Nullable;

/** The codings of bodies that this server speaks. */
enum Codings {
    IDENTITY,
    GZIP,
    DEFLATE;

    /** The coding of that name, or null. */
    static @Nullable Codings of(String name) {
        if (name.equalsIgnoreCase("gzip") || name.equalsIgnoreCase("x-gzip")) {
            return GZIP;
        }
        if (name.equalsIgnoreCase("deflate")) {
            return DEFLATE;
        }
        return name.equalsIgnoreCase("identity") ? IDENTITY : null;
    }

    /**
     * The coding that a client prefers by its {@code Accept-Encoding}: the highest quality wins,
     * then the first that it lists. What it does not name it does not get, but for identity.
     */
    static Codings preferred(@Nullable String header) {
        Codings best = IDENTITY;
        int bestQuality = 0;
        if (header == null) {
            return best;
        }
        int from = 0;
        while (from < header.length()) {
            int comma = header.indexOf(',', from);
            int end = comma < 0 ? header.length() : comma;
            int semicolon = header.indexOf(';', from);
            int nameEnd = semicolon < 0 || semicolon > end ? end : semicolon;
            Codings coding = of(header.substring(from, nameEnd).trim());
            int quality = nameEnd == end ? 1000 : quality(header.substring(nameEnd + 1, end));
            if (coding != null && quality > bestQuality) {
                best = coding;
                bestQuality = quality;
            }
            from = end + 1;
        }
        return best;
    }

    /** Thousandths of {@code q=0.5}; 0 when it is malformed. */
    private static int quality(String parameter) {
        String text = parameter.trim();
        if (text.length() < 3 || text.length() > 7 || !text.regionMatches(true, 0, "q=", 0, 2)) {
            return 0;
        }
        char whole = text.charAt(2);
        if ((whole != '0' && whole != '1') || (text.length() > 3 && text.charAt(3) != '.')) {
            return 0;
        }
        int thousandths = (whole - '0') * 1000;
        int unit = 100;
        for (int i = 4; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            thousandths += digit * unit;
            unit /= 10;
        }
        return Math.min(1000, thousandths);
    }
}

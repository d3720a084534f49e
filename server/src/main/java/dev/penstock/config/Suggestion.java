package dev.penstock.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the word that was probably meant. */
public final class Suggestion {
    private Suggestion() {}

    /** The known word nearest to a mistyped one, or null when none is near. */
    public static @Nullable String nearest(String word, List<String> known) {
        String best = null;
        int bestDistance = Math.clamp(word.length() / 2, 1, 3) + 1;
        for (String each : known) {
            int distance = distance(word, each);
            if (distance < bestDistance) {
                best = each;
                bestDistance = distance;
            }
        }
        return best;
    }

    /** How many single characters to insert, delete or replace (Levenshtein). */
    private static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int k = 0; k <= to.length(); k++) {
            row[k] = k;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int k = 1; k <= to.length(); k++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(k - 1) ? 0 : 1);
                diagonal = row[k];
                row[k] = Math.min(replaced, Math.min(row[k], row[k - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}

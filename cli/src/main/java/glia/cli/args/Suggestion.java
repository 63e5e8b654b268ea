package glia.cli.args;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/// Finds the word that someone probably meant.
public final class Suggestion {
    private Suggestion() {}

    /// The known word that begins like this, or else the nearest one, if it is no further away than a third of the
    /// letters of what was written.
    public static Optional<String> of(String written, Collection<String> known) {
        Optional<String> begun = known.stream().filter(word -> written.length() > 2 && word.startsWith(written))
                .findFirst();
        return begun.isPresent() ? begun : nearest(written, known);
    }

    private static Optional<String> nearest(String written, Collection<String> known) {
        int limit = written.length() / 3;
        return known.stream().filter(word -> distance(written, word) <= limit)
                .min(Comparator.comparingInt(word -> distance(written, word)));
    }

    /// The least number of letters to insert, drop, replace or swap with a neighbour that turns one word into the other
    /// (the restricted Damerau–Levenshtein distance).
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int replace = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(replace, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], 1 + d[i - 2][j - 2]);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}

package glia.io;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Suggests known names that are similar to what a user typed.
public final class Suggestions {
    private static final int MAX_SHOWN = 3;
    private static final int MAX_LENGTH = 100;
    /// Shorter strings match too many names.
    private static final int MIN_PART = 3;

    /// Shorter strings resemble the beginnings of too many names.
    private static final int MIN_PREFIX = 8;

    private Suggestions() { }

    /// A sentence with the most similar known names, or an empty string if none is similar.
    public static String sentence(String typed, Collection<String> known) {
        List<String> close = closest(typed, known);
        return close.isEmpty() ? "" : " Did you mean " + String.join(" or ", close) + "?";
    }

    /// The most similar known names, best first, at most three: those within a few edits, and those that contain what
    /// was typed. Ignores case, and the owner of a name if the typed name has none.
    public static List<String> closest(String typed, Collection<String> known) {
        if (typed.length() > MAX_LENGTH) {
            return List.of();
        }
        return known.stream()
            .filter(name -> !name.equals(typed) && distance(typed, name) <= mostEdits(typed))
            .sorted(Comparator.comparingInt((String name) -> distance(typed, name))
                    .thenComparingInt(name -> Math.abs(name.length() - typed.length())).thenComparing(name -> name))
            .limit(MAX_SHOWN).toList();
    }

    private static int mostEdits(String typed) {
        return typed.length() < MIN_PART ? 0 : typed.length() < 5 ? 1 : Math.max(2, typed.length() / 4);
    }

    /// The distance of two names: 1 if one contains the other, else the edit distance.
    static int distance(String typed, String name) {
        String a = typed.toLowerCase(Locale.ROOT);
        String b = name.toLowerCase(Locale.ROOT);
        String compared = a.indexOf('/') < 0 ? b.substring(b.indexOf('/') + 1) : b;
        return a.length() >= MIN_PART && compared.contains(a) ? Math.min(1, compared.length() - a.length())
            : edits(a, compared, a.length() >= MIN_PREFIX);
    }

    /// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbors.
    ///
    /// @param allowsPrefix whether a prefix of `b` can be matched instead, at a cost of 1
    private static int edits(String a, String b, boolean allowsPrefix) {
        var beforePrevious = new int[b.length() + 1];
        var previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            var current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    current[j] = Math.min(current[j], beforePrevious[j - 2] + 1);
                }
            }
            beforePrevious = previous;
            previous = current;
        }
        int ofPrefix = allowsPrefix ? 1 + Arrays.stream(previous).min().orElseThrow() : Integer.MAX_VALUE;
        return Math.min(previous[b.length()], ofPrefix);
    }
}

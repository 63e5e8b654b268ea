package glia.io;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Names that a user may have meant.
public final class Suggestions {
    private static final int MAX_SHOWN = 3;
    private static final int MAX_LENGTH = 100;
    /// Fewer letters are a part of too many names, or one edit away from them.
    private static final int MIN_PART = 3;

    private Suggestions() { }

    /// A sentence with the known names that come closest, or the empty text where none comes close.
    public static String sentence(String typed, Collection<String> known) {
        List<String> close = closest(typed, known);
        return close.isEmpty() ? "" : " Did you mean " + String.join(" or ", close) + "?";
    }

    /// The known names that come closest, the best one first, three at most: those that differ in few letters, and
    /// those of which the typed word is a part. Case does not count, and where the typed name has no owner, only what
    /// follows a name's slash does.
    public static List<String> closest(String typed, Collection<String> known) {
        if (typed.length() > MAX_LENGTH) {
            return List.of();
        }
        return known.stream()
            .filter(name -> !name.equals(typed) && distance(typed, name) <= mostEdits(typed))
            .sorted(Comparator.comparingInt((String name) -> distance(typed, name)).thenComparing(name -> name))
            .limit(MAX_SHOWN).toList();
    }

    private static int mostEdits(String typed) {
        return typed.length() < MIN_PART ? 0 : typed.length() < 5 ? 1 : Math.max(2, typed.length() / 4);
    }

    /// How far two names are apart: 1 for a part, else the edits between them.
    static int distance(String typed, String name) {
        String a = typed.toLowerCase(Locale.ROOT);
        String b = name.toLowerCase(Locale.ROOT);
        String compared = a.indexOf('/') < 0 ? b.substring(b.indexOf('/') + 1) : b;
        return a.length() >= MIN_PART && compared.contains(a) ? Math.min(1, compared.length() - a.length())
            : edits(a, compared);
    }

    /// Letters added, left out, taken for another one, or swapped with their neighbor (the optimal string alignment
    /// distance).
    private static int edits(String a, String b) {
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
        return previous[b.length()];
    }
}

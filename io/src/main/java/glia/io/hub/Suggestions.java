package glia.io.hub;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Names that a user may have meant.
final class Suggestions {
    private static final int MAX_SHOWN = 3;
    private static final int MAX_LENGTH = 100;

    private Suggestions() { }

    /// A sentence with the known names that come closest, or the empty text where none comes close.
    static String of(String typed, Collection<String> known) {
        if (typed.length() > MAX_LENGTH) {
            return "";
        }
        List<String> close = known.stream()
            .filter(name -> !name.equals(typed) && distance(typed, name) <= Math.max(2, typed.length() / 4))
            .sorted(Comparator.comparingInt((String name) -> distance(typed, name)).thenComparing(name -> name))
            .limit(MAX_SHOWN).toList();
        return close.isEmpty() ? "" : " Did you mean " + String.join(" or ", close) + "?";
    }

    /// How far two names are apart: the edits (Levenshtein) between them, or between what follows their slashes where
    /// one of them has no owner. Case does not count.
    static int distance(String typed, String name) {
        String a = typed.toLowerCase(Locale.ROOT);
        String b = name.toLowerCase(Locale.ROOT);
        return a.indexOf('/') < 0 ? edits(a, FileNames.last(b)) : edits(a, b);
    }

    private static int edits(String a, String b) {
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
            }
            previous = current;
        }
        return previous[b.length()];
    }
}

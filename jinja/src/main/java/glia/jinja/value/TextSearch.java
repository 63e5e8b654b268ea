package glia.jinja.value;

/// Searches for one string in another in time linear in the sum of their lengths. `String.indexOf` takes the product
/// of the two in the worst case.
public final class TextSearch {
    /// For needles this short `String.indexOf` is fast enough in the worst case too.
    private static final int SHORT = 16;
    private static final int[] NONE = {};

    private final String text;
    private final String needle;
    private final Budget budget;
    /// The tables of Knuth, Morris and Pratt for the two directions; empty where not needed yet.
    private int[] forward = NONE;
    private int[] backward = NONE;

    private TextSearch(String text, String needle, Budget budget) {
        this.text = text;
        this.needle = needle;
        this.budget = budget;
    }

    /// A search for `needle` in `text`.
    static TextSearch of(String text, String needle, Budget budget) {
        budget.bytes(64);
        return new TextSearch(text, needle, budget);
    }

    /// The first place at or after `from` where the needle occurs, or −1.
    int next(int from) {
        if (needle.length() <= SHORT) {
            int at = text.indexOf(needle, from);
            charge((at < 0 ? text.length() : at) - (long) from);
            return at;
        }
        if (forward.length == 0) {
            forward = borders(false);
        }
        for (int i = from, matched = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            while (matched > 0 && c != needle.charAt(matched)) {
                matched = forward[matched - 1];
            }
            if (c == needle.charAt(matched)) {
                matched++;
            }
            if (matched == needle.length()) {
                charge(i + 1L - from);
                return i - matched + 1;
            }
        }
        charge(text.length() - (long) from);
        return -1;
    }

    /// The last place where the needle occurs wholly within `text[0, end)`, or −1.
    int last(int end) {
        if (needle.length() <= SHORT) {
            int at = text.lastIndexOf(needle, end - needle.length());
            charge(end - (long) Math.max(0, at));
            return at;
        }
        if (backward.length == 0) {
            backward = borders(true);
        }
        int length = needle.length();
        for (int i = end - 1, matched = 0; i >= 0; i--) {
            char c = text.charAt(i);
            while (matched > 0 && c != needle.charAt(length - 1 - matched)) {
                matched = backward[matched - 1];
            }
            if (c == needle.charAt(length - 1 - matched)) {
                matched++;
            }
            if (matched == length) {
                charge(end - (long) i);
                return i;
            }
        }
        charge(end);
        return -1;
    }

    private void charge(long characters) {
        budget.scan(4 * Math.max(1, characters));
    }

    /// For each length of a prefix of the needle (of the reversed needle), the length of its longest proper prefix that
    /// is also its suffix: where the search continues after a mismatch.
    private int[] borders(boolean reversed) {
        int length = needle.length();
        budget.work(length);
        budget.bytes(4L * length + 16);
        int[] borders = new int[length];
        for (int i = 1, matched = 0; i < length; i++) {
            char c = needle.charAt(reversed ? length - 1 - i : i);
            while (matched > 0 && c != needle.charAt(reversed ? length - 1 - matched : matched)) {
                matched = borders[matched - 1];
            }
            if (c == needle.charAt(reversed ? length - 1 - matched : matched)) {
                matched++;
            }
            borders[i] = matched;
        }
        return borders;
    }

    /// Whether `needle` occurs in `text`.
    static boolean contains(String text, String needle, Budget budget) {
        return of(text, needle, budget).next(0) >= 0;
    }

    /// The number of occurrences of `needle` in `text`, without overlap.
    static long count(String text, String needle, Budget budget) {
        if (needle.isEmpty()) {
            budget.scan(text.length());
            return Text.length(text) + 1L;
        }
        TextSearch search = of(text, needle, budget);
        long count = 0;
        for (int at = search.next(0); at >= 0; at = search.next(at + needle.length())) {
            count++;
        }
        return count;
    }

    /// Replaces the first `limit` occurrences, all where it is negative.
    public static Object replace(Object value, String old, Object replacement, long limit, Budget budget) {
        long most = limit < 0 ? Long.MAX_VALUE : limit;
        if (old.isEmpty()) {
            return between(value, replacement, most, budget);
        }
        String text = value.toString();
        TextSearch search = of(text, old, budget);
        TextBuilder out = new TextBuilder(budget);
        int start = 0;
        for (int at = search.next(0); at >= 0 && most > 0; at = search.next(start), most--) {
            out.append(value, start, at).append(replacement);
            start = at + old.length();
        }
        return out.append(value, start, text.length()).value();
    }

    /// Inserts the replacement before each character and at the end.
    private static Object between(Object value, Object replacement, long limit, Budget budget) {
        String text = value.toString();
        budget.work(2L * text.length());
        TextBuilder out = new TextBuilder(budget);
        long left = limit;
        for (int i = 0; i <= text.length();) {
            if (left-- > 0) {
                out.append(replacement);
            }
            int width = i == text.length() ? 1 : Character.charCount(text.codePointAt(i));
            out.append(value, i, Math.min(text.length(), i + width));
            i += width;
        }
        return out.value();
    }
}

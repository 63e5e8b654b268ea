package glia.jinja.value;

/// Finds one string in another in time that grows with the sum of their lengths, not the product, so that a hostile
/// template cannot spend hours on a few steps.
public final class TextSearch {
    /// For needles this short the platform's search is fast enough in the worst case too.
    private static final int SHORT = 32;

    private TextSearch() {
    }

    /// The first place at or after `from` where `needle` stands in `text`, or −1.
    public static int find(String text, String needle, int from) {
        return needle.length() <= SHORT ? text.indexOf(needle, from) : findLong(text, needle, from);
    }

    /// The last place before `end` where `needle` stands wholly within `text[0, end)`, or −1.
    static int findLast(String text, String needle, int end) {
        if (needle.length() <= SHORT) {
            return text.lastIndexOf(needle, end - needle.length());
        }
        String backwards = new StringBuilder(text.substring(0, end)).reverse().toString();
        // Both are turned in the same way, surrogate pairs included, unless one is cut: then they do not match here.
        int at = findLong(backwards, new StringBuilder(needle).reverse().toString(), 0);
        return at < 0 ? -1 : end - at - needle.length();
    }

    /// Knuth, Morris and Pratt: after a mismatch the search goes on from the longest beginning of the needle that is
    /// also an end of what has matched.
    private static int findLong(String text, String needle, int from) {
        int[] borders = new int[needle.length()];
        for (int i = 1, matched = 0; i < needle.length(); i++) {
            while (matched > 0 && needle.charAt(i) != needle.charAt(matched)) {
                matched = borders[matched - 1];
            }
            if (needle.charAt(i) == needle.charAt(matched)) {
                matched++;
            }
            borders[i] = matched;
        }
        for (int i = from, matched = 0; i < text.length(); i++) {
            while (matched > 0 && text.charAt(i) != needle.charAt(matched)) {
                matched = borders[matched - 1];
            }
            if (text.charAt(i) == needle.charAt(matched)) {
                matched++;
            }
            if (matched == needle.length()) {
                return i - matched + 1;
            }
        }
        return -1;
    }

    /// How often `needle` stands in `text`, none overlapping.
    static int count(String text, String needle) {
        if (needle.isEmpty()) {
            return Text.length(text) + 1;
        }
        int count = 0;
        for (int at = find(text, needle, 0); at >= 0; at = find(text, needle, at + needle.length())) {
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
        int length = replacement.toString().length();
        TextBuilder out = new TextBuilder();
        int start = 0;
        for (int at = find(text, old, 0); at >= 0 && most > 0; at = find(text, old, start), most--) {
            budget.text(at - start + (long) length);
            out.append(value, start, at).append(replacement);
            start = at + old.length();
        }
        budget.text(text.length() - start);
        return out.append(value, start, text.length()).value();
    }

    /// Puts the replacement before each character and at the end.
    private static Object between(Object value, Object replacement, long limit, Budget budget) {
        String text = value.toString();
        TextBuilder out = new TextBuilder();
        long left = limit;
        for (int i = 0; i <= text.length();) {
            if (left-- > 0) {
                budget.text(replacement.toString().length());
                out.append(replacement);
            }
            int width = i == text.length() ? 1 : Character.charCount(text.codePointAt(i));
            out.append(value, i, Math.min(text.length(), i + width));
            i += width;
        }
        return budget.made(out.value());
    }
}

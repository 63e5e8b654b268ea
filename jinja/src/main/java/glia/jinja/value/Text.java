package glia.jinja.value;

import java.util.Locale;

/// Strings as Python sees them: sequences of code points. A string without surrogates, the usual case, is indexed
/// directly.
public final class Text {
    private Text() {
    }

    /// The number of code points.
    public static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /// The code points `start, start + step, …`, `count` of them.
    static Object pick(Object value, long start, long step, int count) {
        String text = value.toString();
        int length = length(text);
        if (step == 1) {
            int from = length == text.length() ? (int) start : text.offsetByCodePoints(0, (int) start);
            int to = length == text.length() ? from + count : text.offsetByCodePoints(from, count);
            return TrustedText.cut(value, from, to);
        }
        int[] offsets = length == text.length() ? null : offsets(text, length);
        TextBuilder picked = new TextBuilder();
        for (int i = 0; i < count; i++) {
            int at = (int) (start + i * step);
            picked.append(value, offsets == null ? at : offsets[at], offsets == null ? at + 1 : offsets[at + 1]);
        }
        return picked.value();
    }

    /// Where each code point starts, and the end.
    private static int[] offsets(String text, int length) {
        int[] offsets = new int[length + 1];
        for (int i = 0; i < length; i++) {
            offsets[i + 1] = text.offsetByCodePoints(offsets[i], 1);
        }
        return offsets;
    }

    /// Orders by code points, which differs from the order of UTF-16 units beyond the basic plane.
    static int order(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // Surrogates stand for code points above all of the basic plane, but lie below the end of it.
                boolean turned = Character.isSurrogate(x) ? y > Character.MAX_SURROGATE
                        : Character.isSurrogate(y) && x > Character.MAX_SURROGATE;
                return (x < y) != turned ? -1 : 1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    /// What Python takes for white space.
    public static boolean isSpace(int c) {
        return c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1c && c <= 0x1f
                || c >= 0x80 && (c == 0x85 || Character.isSpaceChar(c));
    }

    /// Whether Python shows the character as it is in a `repr`.
    static boolean isPrintable(int c) {
        return c == ' ' || switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE,
                    Character.UNASSIGNED, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    /// Takes the characters of `chars` off the left and right end as asked; white space where `chars` is null.
    public static String strip(String text, String chars, boolean left, boolean right) {
        return (String) strip((Object) text, chars, left, right);
    }

    /// The same of a string value, with its trust.
    static Object strip(Object value, String chars, boolean left, boolean right) {
        String text = value.toString();
        int start = 0;
        int end = text.length();
        while (left && start < end && isStripped(text.codePointAt(start), chars)) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && isStripped(text.codePointBefore(end), chars)) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return TrustedText.cut(value, start, end);
    }

    private static boolean isStripped(int c, String chars) {
        return chars == null ? isSpace(c) : chars.indexOf(c) >= 0;
    }

    /// Whether Python ends a line here (`splitlines`).
    static boolean isLineEnd(char c) {
        return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /// Splits into lines, each with its end where `keepEnds`.
    public static ListValue lines(Object value, boolean keepEnds) {
        String text = value.toString();
        ListValue lines = new ListValue();
        int start = 0;
        while (start < text.length()) {
            int end = start;
            while (end < text.length() && !isLineEnd(text.charAt(end))) {
                end++;
            }
            int next = end;
            if (end < text.length()) {
                next += text.startsWith("\r\n", end) ? 2 : 1;
            }
            lines.add(TrustedText.cut(value, start, keepEnds ? next : end));
            start = next;
        }
        return lines;
    }

    /// The first character upper case, the others lower.
    public static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        int width = Character.charCount(first);
        return titleCase(first) + lower(text.substring(width));
    }

    /// Each word's first letter upper case and the others lower, where a word is a run of letters that have cases.
    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            if (inWord) {
                out.append(lower(Character.toString(c)));
            } else {
                out.append(titleCase(c));
            }
            inWord = isCased(c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    /// All upper case.
    public static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    /// All lower case.
    public static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static String titleCase(int c) {
        int title = Character.toTitleCase(c);
        if (title != c || !isCased(c)) {
            return Character.toString(title);
        }
        // A letter such as ß grows into two; only the first of them stays upper case.
        String upper = upper(Character.toString(c));
        return upper.length() > Character.charCount(c) ? upper.charAt(0) + lower(upper.substring(1)) : upper;
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }
}

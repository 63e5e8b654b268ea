package glia.jinja.value;

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
    static Object pick(Object value, long start, long step, int count, Budget budget) {
        String text = value.toString();
        budget.scan(text.length());
        int length = length(text);
        if (step == 1) {
            int from = length == text.length() ? (int) start : text.offsetByCodePoints(0, (int) start);
            int to = length == text.length() ? from + count : text.offsetByCodePoints(from, count);
            return TrustedText.cut(value, from, to, budget);
        }
        budget.work(count);
        int[] offsets = length == text.length() ? null : offsets(text, length, budget);
        TextBuilder picked = new TextBuilder(budget);
        for (int i = 0; i < count; i++) {
            int at = (int) (start + i * step);
            picked.append(value, offsets == null ? at : offsets[at], offsets == null ? at + 1 : offsets[at + 1]);
        }
        return picked.value();
    }

    /// Where each code point starts, and the end.
    private static int[] offsets(String text, int length, Budget budget) {
        budget.work(length);
        budget.bytes(4L * length);
        int[] offsets = new int[length + 1];
        for (int i = 0; i < length; i++) {
            offsets[i + 1] = text.offsetByCodePoints(offsets[i], 1);
        }
        return offsets;
    }

    /// Orders by code points, which differs from the order of UTF-16 units beyond the basic plane.
    static int order(String a, String b, Budget budget) {
        int length = Math.min(a.length(), b.length());
        budget.scan(length);
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // Surrogates encode code points above the basic plane, but are smaller than its last characters.
                boolean turned = Character.isSurrogate(x) ? y > Character.MAX_SURROGATE
                        : Character.isSurrogate(y) && x > Character.MAX_SURROGATE;
                return (x < y) != turned ? -1 : 1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    /// Whether Python treats the character as white space.
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

    /// A text for messages: characters that a terminal does not print as they are, such as control characters, line
    /// ends and marks of writing direction, are escaped.
    public static String visible(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (isPrintable(c) || Character.isSpaceChar(c) && c < 0x2028) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(Repr.escape(c));
                    }
                }
            }
        }
        return out.toString();
    }

    /// Removes white space from the left or right end, or both. For text of the template's source and short texts.
    public static String strip(String text, boolean left, boolean right) {
        int end = right ? stripEnd(text, 0, null, null) : text.length();
        return text.substring(left ? stripStart(text, end, null, null) : 0, end);
    }

    /// Removes the characters of `chars` from the left or right end, or both; white space where `chars` is null.
    static Object strip(Object value, String chars, boolean left, boolean right, Budget budget) {
        String text = value.toString();
        int start = left ? stripStart(text, text.length(), chars, budget) : 0;
        int end = right ? stripEnd(text, start, chars, budget) : text.length();
        return TrustedText.cut(value, start, end, budget);
    }

    private static int stripStart(String text, int end, String chars, Budget budget) {
        int at = 0;
        while (at < end && isStripped(text.codePointAt(at), chars, budget)) {
            at += Character.charCount(text.codePointAt(at));
        }
        return Math.min(at, end);
    }

    private static int stripEnd(String text, int start, String chars, Budget budget) {
        int at = text.length();
        while (at > start && isStripped(text.codePointBefore(at), chars, budget)) {
            at -= Character.charCount(text.codePointBefore(at));
        }
        return Math.max(at, start);
    }

    private static boolean isStripped(int c, String chars, Budget budget) {
        if (chars == null) {
            return isSpace(c);
        }
        budget.work(1);
        budget.scan(chars.length());
        return chars.indexOf(c) >= 0;
    }

    /// All lower case.
    public static String lower(String text, Budget budget) {
        LetterCase.charge(text, budget);
        return LetterCase.lower(text);
    }

    /// Each word's first character upper case and the others lower, where words start after blanks, hyphens and opening
    /// brackets.
    public static String titleOfWords(String text, Budget budget) {
        LetterCase.charge(text, budget);
        return LetterCase.titleOfWords(text);
    }

    /// Whether Python ends a line here (`splitlines`).
    static boolean isLineEnd(char c) {
        return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /// Splits into lines, each with its end where `keepEnds`.
    public static Sequence.ListValue lines(Object value, boolean keepEnds, Budget budget) {
        String text = value.toString();
        budget.scan(4L * text.length());
        Sequence.ListValue lines = new Sequence.ListValue(budget);
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
            lines.add(TrustedText.cut(value, start, keepEnds ? next : end, budget), budget);
            start = next;
        }
        return lines;
    }
}

package glia.io;

/// Makes strings from files, archives and servers safe to show: characters that a terminal acts on, or that are
/// invisible, are replaced by escapes. Messages of [CheckpointException] are escaped when they are created.
///
/// @see <a href="https://www.unicode.org/reports/tr36/">Unicode security considerations</a>
public final class DisplayText {
    /// The longest quoted text, in UTF-16 code units.
    private static final int MAX_LENGTH = 200;

    private DisplayText() { }

    /// A text in quotes, cut after 200 characters. Quotes and backslashes are escaped too.
    public static String quote(String text) {
        boolean isCut = text.length() > MAX_LENGTH;
        String shown = isCut ? text.substring(0, MAX_LENGTH) : text;
        return '"' + escape(shown.replace("\\", "\\\\").replace("\"", "\\\"")) + (isCut ? "…\"" : "\"");
    }

    /// A text whose control and format characters, line separators and unpaired surrogates are escapes such as
    /// `\u001b`; line feeds and tabs are `\n` and `\t`.
    public static String escape(String text) {
        return escape(text, false);
    }

    /// The same with line feeds kept, for messages of several lines.
    public static String escapeKeepingLines(String text) {
        return escape(text, true);
    }

    /// The first characters of a text, escaped, with `…` where it goes on.
    ///
    /// @param maxLength in UTF-16 code units, counted before escaping
    public static String shorten(String text, int maxLength) {
        return text.length() <= maxLength ? escape(text) : escape(text.substring(0, maxLength)) + "…";
    }

    private static String escape(String text, boolean keepsLines) {
        StringBuilder shown = null;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            int end = i + Character.charCount(c);
            if (isHidden(c) && !(keepsLines && c == '\n')) {
                shown = shown == null ? new StringBuilder(text.length() + 16).append(text, 0, i) : shown;
                append(shown, text, i, end);
            } else if (shown != null) {
                shown.append(text, i, end);
            }
            i = end;
        }
        return shown == null ? text : shown.toString();
    }

    private static boolean isHidden(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }

    private static void append(StringBuilder shown, String text, int from, int to) {
        for (int i = from; i < to; i++) {
            switch (text.charAt(i)) {
                case '\n' -> shown.append("\\n");
                case '\t' -> shown.append("\\t");
                case '\r' -> shown.append("\\r");
                default -> shown.append("\\u").append(Integer.toHexString(0x10000 + text.charAt(i)), 1, 5);
            }
        }
    }
}

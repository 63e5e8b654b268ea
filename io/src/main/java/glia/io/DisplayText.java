package glia.io;

/// Texts from files, made safe to show in a message: what could steer a terminal or hide is written as an escape.
public final class DisplayText {
    /// The longest text that a message quotes, in UTF-16 units.
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
        StringBuilder shown = null;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            int end = i + Character.charCount(c);
            if (isHidden(c)) {
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

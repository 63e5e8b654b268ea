package glia.cli.terminal;

/// Text from files, servers and models made safe for a terminal: control characters are written out.
///
/// C0 controls become `\x1b`, DEL and C1 controls `\u009b`, bidirectional overrides and isolates `\u202e`. Newlines and
/// tabs stay, and so does a carriage return before a newline. JSON stays valid JSON: JSON strings already hold no C0
/// controls, and `\u009b` is an escape of JSON.
public final class VisibleText {
    private static final int MAX_SHOWN = 60;

    private VisibleText() {}

    /// The text with its control characters written out; the text itself if it has none.
    public static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (isHidden(text, i)) {
                return escaped(text, i);
            }
        }
        return text;
    }

    /// The text in one line: newlines, carriage returns and tabs are written out too.
    public static String line(String text) {
        return of(text).replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
    }

    private static String escaped(String text, int first) {
        StringBuilder visible = new StringBuilder(text.length() + 16).append(text, 0, first);
        for (int i = first; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isHidden(text, i)) {
                visible.append(c);
            } else if (c < ' ') {
                visible.append("\\x").append(hex(c >> 4)).append(hex(c));
            } else {
                visible.append("\\u").append(hex(c >> 12)).append(hex(c >> 8)).append(hex(c >> 4)).append(hex(c));
            }
        }
        return visible.toString();
    }

    /// The first 60 characters of a text as one line.
    public static String beginning(String text) {
        String line = line(text.strip());
        return line.length() <= MAX_SHOWN ? line : line.substring(0, MAX_SHOWN) + "…";
    }

    private static boolean isHidden(String text, int index) {
        char c = text.charAt(index);
        if (c < ' ') {
            boolean endsLine = c == '\r' && index + 1 < text.length() && text.charAt(index + 1) == '\n';
            return c != '\n' && c != '\t' && !endsLine;
        }
        return c >= 0x7f && c <= 0x9f || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069;
    }

    private static char hex(int digit) {
        return "0123456789abcdef".charAt(digit & 15);
    }
}

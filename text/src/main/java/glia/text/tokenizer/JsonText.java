package glia.text.tokenizer;

/// Writes JSON strings. A vocabulary is written as text in one pass: a tree of 100,000 nodes would take longer to build
/// than all the rest of loading.
final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private JsonText() { }

    /// Appends a text as a JSON string, in quotes.
    static void append(StringBuilder json, String text) {
        json.append('"');
        if (isPlain(text)) {
            json.append(text);
        } else {
            for (int i = 0; i < text.length(); i++) {
                appendEscaped(json, text.charAt(i));
            }
        }
        json.append('"');
    }

    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    private static void appendEscaped(StringBuilder json, char c) {
        if (c < ' ') {
            json.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
        } else if (c == '"' || c == '\\') {
            json.append('\\').append(c);
        } else {
            json.append(c);
        }
    }

    static String quote(String text) {
        StringBuilder json = new StringBuilder(text.length() + 2);
        append(json, text);
        return json.toString();
    }
}

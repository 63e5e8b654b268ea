package glia.text.tokenizer;

/// Writes JSON strings, to show or as parts of a larger text (`JsonBuilder`).
final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private JsonText() { }

    /// A text as a JSON string, in quotes.
    static String quote(String text) {
        StringBuilder json = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ') {
                json.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            } else if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}

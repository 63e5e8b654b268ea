package glia.jinja.value;

/// A string marked as safe HTML. It behaves like the string, but texts added to it by `+` or `%` are escaped first, as
/// in `'<a>' + (x | tojson | safe)`.
///
/// @param text a string value that is no markup itself
public record Markup(Object text) {
    @Override
    public String toString() {
        return text.toString();
    }

    /// Escapes the five special characters of HTML.
    public static Object escape(Object value, Budget budget) {
        String text = value.toString();
        budget.work(text.length());
        TextBuilder out = new TextBuilder(budget);
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            String entity = entity(text.charAt(i));
            if (entity != null) {
                out.append(value, start, i).inPlace(value, i, i + 1, entity);
                start = i + 1;
            }
        }
        return out.append(value, start, text.length()).value();
    }

    private static String entity(char c) {
        return switch (c) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '"' -> "&#34;";
            case '\'' -> "&#39;";
            default -> null;
        };
    }

    /// The escaped text of any value; the text of markup is not escaped again.
    public static Object escaped(Object value, Budget budget) {
        return value instanceof Markup markup ? markup.text() : escape(Repr.text(value, budget), budget);
    }
}

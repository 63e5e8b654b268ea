package glia.jinja.value;

/// A string marked as safe HTML. It behaves like the string, but what is added to it by `+` or `%` is escaped first,
/// which templates meet when they write `'<a>' + (x | tojson | safe)`.
public record Markup(String text) {
    @Override
    public String toString() {
        return text;
    }

    /// Replaces the five characters that HTML gives a meaning.
    public static String escape(String text, Budget budget) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&#34;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
        return budget.made(out.toString());
    }

    /// The escaped text of any value; of markup the text as it stands.
    public static String escaped(Object value, Budget budget) {
        return value instanceof Markup(String text) ? text : escape(Repr.str(value, budget), budget);
    }
}

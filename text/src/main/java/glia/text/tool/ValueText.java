package glia.text.tool;

import glia.io.json.JsonTree.JsonText;
import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.util.Set;
import tools.jackson.core.JacksonException;

/// Converts values that a model wrote without quotes to JSON, by the types that the tool's schema allows.
final class ValueText {
    /// A value that a text may mean.
    private record Read(String json, Object value) { }

    private ValueText() { }

    /// The JSON text of a value. Where the schema allows strings and other types, a text that is JSON of another
    /// allowed type, or the same as Python's literal (`True`, `None`), is that. A text of no allowed type is given as
    /// what it looks like.
    static String toJson(String text, Set<JsonType> types) {
        if (types.equals(JsonType.ONLY_STRING)) {
            return JsonText.quote(text);
        }
        Read read = read(text.strip());
        boolean mayBeString = types.contains(JsonType.STRING);
        if (read == null || mayBeString && (read.value() instanceof String || !JsonType.allows(types, read.value()))) {
            return JsonText.quote(text);
        }
        return read.json();
    }

    /// Whether a text is JSON, or a literal of Python, of an allowed type.
    static boolean isOf(String text, Set<JsonType> types) {
        Read read = read(text.strip());
        return read != null && JsonType.allows(types, read.value());
    }

    /// @return null if the text is neither JSON nor Python's literal
    private static Read read(String text) {
        try {
            CallText all = new CallText(new StringBuilder(text));
            all.end();
            StringBuilder copy = new StringBuilder();
            if (new JsonScanner().scan(all, copy) && all.isAtEnd()) {
                return new Read(copy.toString(), JsonValues.parse(copy.toString()));
            }
        } catch (CallReader.Malformed | JacksonException e) {
            // Not JSON.
        }
        try {
            Object value = PythonLiteral.parse(text);
            return new Read(JsonTree.of(value).toString(), value);
        } catch (CallReader.Malformed e) {
            return null;
        }
    }
}

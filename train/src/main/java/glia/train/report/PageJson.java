package glia.train.report;

import glia.io.json.JsonTree.JsonText;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// Writes JSON into a page. Numbers have 7 digits, so that the page stays small. What is not finite is null. The text
/// holds no `<`, so it may stand in a script element.
final class PageJson {
    private PageJson() { }

    /// The text of maps, collections, strings and numbers.
    static String of(Object value) {
        return switch (value) {
            case Map<?, ?> map -> map.entrySet().stream().map(e -> of(e.getKey()) + ":" + of(e.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
            case Collection<?> all -> all.stream().map(PageJson::of).collect(Collectors.joining(",", "[", "]"));
            case Double x -> Float.isFinite(x.floatValue()) ? Float.toString(x.floatValue())
                    : Double.isFinite(x) ? x.toString() : "null";
            case Number whole -> whole.toString();
            default -> JsonText.quote(value.toString()).replace("<", "\\u003c");
        };
    }

    /// An object of keys and values by turns.
    static Map<String, Object> object(Object... keysAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            object.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return object;
    }

    /// A number with 4 significant digits.
    static double rounded(double value) {
        double scale = Math.pow(10, 3 - Math.floor(Math.log10(Math.abs(value))));
        return value != 0 && Double.isFinite(value) && Double.isFinite(scale) ? Math.round(value * scale) / scale
                : value;
    }
}

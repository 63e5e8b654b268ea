package glia.engine.grammar.schema;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Properties by which the objects of `oneOf` differ, such as `"kind": {"const": "circle"}`: alternatives that require
/// different constants exclude each other, and their other keywords do not matter.
final class Discriminators {
    private Discriminators() { }

    /// The strings that a schema requires as the values of properties.
    static Map<String, String> of(Sub alternative) {
        Map<String, String> found = new HashMap<>();
        if (!alternative.isNegated && alternative.schema instanceof Map<?, ?> schema && !schema.containsKey("$ref")
                && "object".equals(schema.get("type")) && schema.get("required") instanceof List<?> required
                && schema.get("properties") instanceof Map<?, ?> properties) {
            for (Object name : required) {
                if (name instanceof String key && properties.get(key) instanceof Map<?, ?> value
                        && !value.containsKey("$ref") && value.get("const") instanceof String constant) {
                    found.put(key, constant);
                }
            }
        }
        return found;
    }

    /// Whether some property has different values in both.
    static boolean differ(Map<String, String> a, Map<String, String> b) {
        return a.entrySet().stream().anyMatch(one -> !b.getOrDefault(one.getKey(), one.getValue())
                .equals(one.getValue()));
    }
}

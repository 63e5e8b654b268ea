package glia.serve.ollama;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// JSON schemas as Ollama reads them: an object has the properties that its schema lists, and no others unless
/// `additionalProperties` says so. JSON Schema itself allows all others, which a small model then writes in place of
/// the listed ones. Answers of the closed schema are answers of the given one.
final class ClosedSchema {
    /// Keywords by which several schemas read an object, which then may have more properties than one of them lists.
    private static final Set<String> COMBINING = Set.of("allOf", "oneOf", "not", "if", "dependentSchemas",
            "unevaluatedProperties", "$dynamicRef");
    /// Keywords beside `properties` with which an object may have others.
    private static final List<String> OPENING = List.of("additionalProperties", "patternProperties", "anyOf", "$ref");

    private ClosedSchema() { }

    /// The schema with closed objects; unchanged where it combines schemas.
    static Object of(Object schema) {
        return combines(schema) ? schema : closed(schema);
    }

    private static boolean combines(Object value) {
        return switch (value) {
            case Map<?, ?> map -> map.keySet().stream().anyMatch(COMBINING::contains)
                    || map.values().stream().anyMatch(ClosedSchema::combines);
            case List<?> list -> list.stream().anyMatch(ClosedSchema::combines);
            case null, default -> false;
        };
    }

    private static Object closed(Object schema) {
        if (!(schema instanceof Map<?, ?> given)) {
            return schema;
        }
        Map<Object, Object> closed = new LinkedHashMap<>(given);
        closed.replaceAll((keyword, value) -> switch (String.valueOf(keyword)) {
            case "properties", "$defs", "definitions" -> value instanceof Map<?, ?> named ? closedValues(named) : value;
            case "items", "additionalProperties" -> closed(value);
            case "prefixItems", "anyOf" -> value instanceof List<?> list
                    ? list.stream().map(ClosedSchema::closed).toList() : value;
            default -> value;
        });
        if (given.get("properties") instanceof Map<?, ?> && OPENING.stream().noneMatch(given::containsKey)) {
            closed.put("additionalProperties", false);
        }
        return closed;
    }

    private static Map<Object, Object> closedValues(Map<?, ?> schemas) {
        Map<Object, Object> closed = new LinkedHashMap<>(schemas);
        closed.replaceAll((_, schema) -> closed(schema));
        return closed;
    }
}

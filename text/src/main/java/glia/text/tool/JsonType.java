package glia.text.tool;

import java.util.EnumSet;
import java.util.Set;

/// The types of JSON values that a schema may allow.
public enum JsonType {
    STRING, INTEGER, NUMBER, BOOLEAN, NULL, OBJECT, ARRAY;

    /// All types.
    public static final Set<JsonType> ALL = Set.copyOf(EnumSet.allOf(JsonType.class));
    /// Strings alone.
    public static final Set<JsonType> ONLY_STRING = Set.of(STRING);

    /// The type of this name in a schema; null if there is none.
    static JsonType of(Object name) {
        for (JsonType type : values()) {
            if (name instanceof String text && type.name().equalsIgnoreCase(text)) {
                return type;
            }
        }
        return null;
    }

    /// Whether a value, as [glia.io.json.JsonValues] reads it, is of an allowed type.
    static boolean allows(Set<JsonType> types, Object value) {
        return types.contains(of((Object) switch (value) {
            case null -> "null";
            case String _ -> "string";
            case Boolean _ -> "boolean";
            case java.util.Map<?, ?> _ -> "object";
            case java.util.List<?> _ -> "array";
            case Double number -> number == Math.rint(number) && types.contains(INTEGER) ? "integer" : "number";
            default -> types.contains(INTEGER) ? "integer" : "number";
        }));
    }
}

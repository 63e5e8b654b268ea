package glia.reason.task;

import glia.io.jsonl.JsonLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Reads the fields of problems, which may come from a JSON file. A field that is absent or has another type is an
/// [IllegalArgumentException] that names it.
public final class Fields {
    private Fields() { }

    /// A string.
    public static String text(Map<String, Object> fields, String key) {
        if (fields.get(key) instanceof String text) {
            return text;
        }
        throw wrong(fields, key, "a string");
    }

    /// An integer.
    public static long integer(Map<String, Object> fields, String key) {
        return integer(fields, key, fields.get(key));
    }

    /// A list of integers.
    public static List<Long> integers(Map<String, Object> fields, String key) {
        if (!(fields.get(key) instanceof List<?> list)) {
            throw wrong(fields, key, "a list of integers");
        }
        List<Long> integers = new ArrayList<>();
        list.forEach(one -> integers.add(integer(fields, key, one)));
        return integers;
    }

    /// A list of strings.
    public static List<String> texts(Map<String, Object> fields, String key) {
        if (!(fields.get(key) instanceof List<?> list) || !list.stream().allMatch(String.class::isInstance)) {
            throw wrong(fields, key, "a list of strings");
        }
        return list.stream().map(String.class::cast).toList();
    }

    /// An object, sorted by key.
    public static Map<String, Object> map(Map<String, Object> fields, String key) {
        if (!(fields.get(key) instanceof Map<?, ?> map)) {
            throw wrong(fields, key, "an object");
        }
        Map<String, Object> copy = new TreeMap<>();
        map.forEach((name, value) -> copy.put(String.valueOf(name), value));
        return copy;
    }

    private static long integer(Map<String, Object> fields, String key, Object value) {
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        throw wrong(fields, key, "an integer");
    }

    private static IllegalArgumentException wrong(Map<String, Object> fields, String key, String expected) {
        return new IllegalArgumentException("the field \"" + key + "\" of the problem: found "
                + (fields.containsKey(key) ? JsonLine.shown(fields.get(key)) : "none") + ", expected " + expected);
    }
}

package glia.io;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.core.JacksonException;

/// A JSON object such as `config.json` with typed getters: each returns a value of its type or throws an exception that
/// names the file, the key, what was found and what was expected. A key with the value `null` counts as absent. Getters
/// with a default return it only if the key is absent, never in place of a value of another type.
public final class Config {
    private static final int MAX_BYTES = 100_000_000;

    private final Path origin;
    private final String prefix;
    private final Map<?, ?> values;
    /// The place of a key for messages.
    private final UnaryOperator<String> where;

    private Config(Path origin, String prefix, Map<?, ?> values, UnaryOperator<String> where) {
        this.origin = origin;
        this.prefix = prefix;
        this.values = values;
        this.where = where;
    }

    /// Reads a file that holds one JSON object.
    ///
    /// @throws CheckpointException if it does not, is longer than 100 MB, nested deeper than 64, has a duplicate key or
    ///     is not UTF-8
    public static Config read(Path file) throws CheckpointException {
        return parse(file, TextFile.read(file, MAX_BYTES, ""));
    }

    /// Reads a file that may be missing, which counts as an empty object.
    ///
    /// @throws CheckpointException as [#read] does
    public static Config readIfPresent(Path file) throws CheckpointException {
        return Files.exists(file) ? read(file) : of(file, Map.of());
    }

    /// @param origin the file for messages
    public static Config parse(Path origin, String json) throws CheckpointException {
        try {
            return object(origin, JsonValues.parse(json));
        } catch (JacksonException e) {
            ContentSniffer.requireNoStub(origin, head(json), "JSON");
            String where = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr();
            throw new CheckpointException(origin, where, "is not the JSON expected: " + e.getOriginalMessage(), e);
        }
    }

    private static byte[] head(String json) {
        return json.substring(0, Math.min(json.length(), ContentSniffer.HEAD_BYTES)).getBytes(StandardCharsets.UTF_8);
    }

    /// A config of Java values: strings, numbers, booleans, arrays, lists and maps of these.
    ///
    /// @param origin the file for messages
    public static Config of(Path origin, Map<String, ?> values) {
        return of(origin, values, key -> "key " + key);
    }

    /// The same with the places of keys, such as their lines.
    ///
    /// @param where the place, for messages, of a key's full path, as in `layers[2].size`
    public static Config of(Path origin, Map<String, ?> values, UnaryOperator<String> where) {
        return new Config(origin, "", JsonValues.object(values), where);
    }

    private static Config object(Path origin, Object value) throws CheckpointException {
        if (value instanceof Map<?, ?> map) {
            return new Config(origin, "", map, key -> "key " + key);
        }
        throw new CheckpointException(origin, "", "found " + words(value) + ", expected an object");
    }

    /// A copy with another value for a key: a string, number, boolean, list or map.
    public Config with(String key, Object value) {
        Map<Object, Object> changed = new LinkedHashMap<>(values);
        changed.put(key, JsonValues.of(value));
        return new Config(origin, prefix, changed, where);
    }

    /// A copy with defaults for keys that are absent or null.
    public Config orElse(Map<String, ?> defaults) {
        Config all = this;
        for (String key : defaults.keySet()) {
            all = has(key) ? all : all.with(key, defaults.get(key));
        }
        return all;
    }

    /// A copy without a key.
    ///
    /// @param path the keys from the outermost object on; no effect if there is no such key
    public Config without(String... path) {
        return new Config(origin, prefix, without(values, List.of(path)), where);
    }

    private static Map<?, ?> without(Map<?, ?> values, List<String> path) {
        Map<Object, Object> some = new LinkedHashMap<>(values);
        if (path.size() == 1) {
            some.remove(path.getFirst());
        } else if (values.get(path.getFirst()) instanceof Map<?, ?> inner) {
            some.put(path.getFirst(), without(inner, path.subList(1, path.size())));
        }
        return some;
    }

    /// The object as indented JSON with sorted keys.
    public String json() {
        return JsonTree.sorted(JsonTree.of(values)).toPrettyString();
    }

    /// The file for messages.
    public Path origin() {
        return origin;
    }

    /// The keys that have a value, in the order of the file.
    public Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>();
        values.forEach((key, value) -> {
            if (value != null) {
                keys.add((String) key);
            }
        });
        return keys;
    }

    /// The values as [JsonValues] reads them.
    public Map<?, ?> values() {
        return Collections.unmodifiableMap(values);
    }

    public boolean has(String key) {
        return values.get(key) != null;
    }

    /// A copy in which a key that has no value takes that of another one, an older name.
    public Config orElse(String key, String other) {
        return has(key) || !has(other) ? this : with(key, values.get(other));
    }

    /// Whether the key exists, even with the value `null`.
    public boolean mentions(String key) {
        return values.containsKey(key);
    }

    /// Whether the key exists with the value `null`, for keys where that differs from an absent key.
    public boolean isNull(String key) {
        return mentions(key) && !has(key);
    }

    /// Whether the value is a list.
    public boolean isList(String key) {
        return values.get(key) instanceof List;
    }

    /// Whether the value is an object.
    public boolean isObject(String key) {
        return values.get(key) instanceof Map;
    }

    /// Whether the value is a string.
    public boolean isText(String key) {
        return values.get(key) instanceof String;
    }

    /// Whether the value is a boolean.
    public boolean isFlag(String key) {
        return values.get(key) instanceof Boolean;
    }

    /// Whether the value is a number.
    public boolean isNumber(String key) {
        return values.get(key) instanceof Number;
    }

    /// The value for messages.
    public String found(String key) {
        return words(values.get(key));
    }

    public String text(String key) throws CheckpointException {
        return text(key, required(key, "a string"));
    }

    public String text(String key, String ifAbsent) throws CheckpointException {
        return has(key) ? text(key) : ifAbsent;
    }

    /// An integer in the range of `int`; numbers such as `5.0` are refused.
    public int integer(String key) throws CheckpointException {
        return integer(key, required(key, "a whole number"));
    }

    public int integer(String key, int ifAbsent) throws CheckpointException {
        return has(key) ? integer(key) : ifAbsent;
    }

    /// An integer of at least 1, for sizes and counts.
    public int positive(String key) throws CheckpointException {
        int n = integer(key);
        return n > 0 ? n : fail(key, n, "a whole number of at least 1");
    }

    public int positive(String key, int ifAbsent) throws CheckpointException {
        return has(key) ? positive(key) : ifAbsent;
    }

    /// A number; infinity also in the form of Transformers, `{"__float__": "Infinity"}`.
    public double real(String key) throws CheckpointException {
        return real(key, required(key, "a number"));
    }

    public double real(String key, double ifAbsent) throws CheckpointException {
        return has(key) ? real(key) : ifAbsent;
    }

    public boolean flag(String key) throws CheckpointException {
        Object value = required(key, "true or false");
        return value instanceof Boolean flag ? flag : fail(key, value, "true or false");
    }

    public boolean flag(String key, boolean ifAbsent) throws CheckpointException {
        return has(key) ? flag(key) : ifAbsent;
    }

    public int[] integers(String key) throws CheckpointException {
        List<?> list = list(key, "a list of integers");
        int[] values = new int[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = integer(key + "[" + i + "]", list.get(i));
        }
        return values;
    }

    /// A list of lists of integers.
    public int[][] integerLists(String key) throws CheckpointException {
        List<?> list = list(key, "a list of lists of integers");
        int[][] values = new int[list.size()][];
        for (int i = 0; i < values.length; i++) {
            values[i] = new Config(origin, prefix, Map.of(key, list.get(i)), where).integers(key);
        }
        return values;
    }

    public double[] reals(String key) throws CheckpointException {
        List<?> list = list(key, "a list of numbers");
        double[] values = new double[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = real(key + "[" + i + "]", list.get(i));
        }
        return values;
    }

    public String[] strings(String key) throws CheckpointException {
        List<?> list = list(key, "a list of strings");
        String[] values = new String[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = text(key + "[" + i + "]", list.get(i));
        }
        return values;
    }

    /// The object of a key; its messages name the full path, as in `text_config.hidden_size`.
    public Config child(String key) throws CheckpointException {
        Object value = required(key, "an object");
        return value instanceof Map<?, ?> map ? new Config(origin, prefix + key + ".", map, where)
                : fail(key, value, "an object");
    }

    /// The object of a key, or one of these values if the key is absent.
    public Config child(String key, Map<String, ?> ifAbsent) throws CheckpointException {
        return has(key) ? child(key) : new Config(origin, prefix + key + ".", JsonValues.object(ifAbsent), where);
    }

    /// The objects of a list; their messages name the index, as in `layers[2].size`.
    public List<Config> children(String key) throws CheckpointException {
        List<?> list = list(key, "a list of objects");
        List<Config> children = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String item = key + "[" + i + "]";
            children.add(list.get(i) instanceof Map<?, ?> map ? new Config(origin, prefix + item + ".", map, where)
                    : fail(item, list.get(i), "an object"));
        }
        return children;
    }

    /// An exception about a key, for callers that check more than the type.
    public CheckpointException error(String key, String problem) {
        return new CheckpointException(origin, where.apply(prefix + key), problem);
    }

    private String text(String key, Object value) throws CheckpointException {
        return value instanceof String text ? text : fail(key, value, "a string");
    }

    private int integer(String key, Object value) throws CheckpointException {
        return switch (value) {
            case Integer n -> n;
            case Long n when n.intValue() == n -> n.intValue();
            case Long _, BigInteger _ -> fail(key, value,
                    "a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE);
            case null, default -> fail(key, value, "a whole number");
        };
    }

    private double real(String key, Object value) throws CheckpointException {
        if (value instanceof Map<?, ?> map && map.size() == 1) {
            switch (map.get("__float__") instanceof String name ? name : "") {
                case "Infinity" -> {
                    return Double.POSITIVE_INFINITY;
                }
                case "-Infinity" -> {
                    return Double.NEGATIVE_INFINITY;
                }
                default -> { }
            }
        }
        return value instanceof Number number ? number.doubleValue() : fail(key, value, "a number");
    }

    private List<?> list(String key, String expected) throws CheckpointException {
        Object value = required(key, expected);
        return value instanceof List<?> list ? list : fail(key, value, expected);
    }

    private Object required(String key, String expected) throws CheckpointException {
        if (!has(key)) {
            throw error(key, "is missing, expected " + expected);
        }
        return values.get(key);
    }

    private <T> T fail(String key, Object found, String expected) throws CheckpointException {
        throw error(key, "found " + words(found) + ", expected " + expected);
    }

    private static String words(Object value) {
        if (value instanceof List<?> list) {
            return "a list of " + list.size();
        }
        if (value instanceof Map) {
            return "an object";
        }
        String text = JsonTree.of(value).toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}

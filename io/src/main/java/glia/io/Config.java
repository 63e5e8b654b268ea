package glia.io;

import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// A JSON object such as `config.json`, read with checks: each getter gives a value of its type or throws an exception
/// that names file, key, what was found and expected. A key whose value is `null` counts as absent. Getters with a
/// default give it only where the key is absent, never in place of a value of another type.
public final class Config {
    private static final int MAX_BYTES = 100_000_000;

    private final Path origin;
    private final String prefix;
    private final JsonNode node;

    private Config(Path origin, String prefix, JsonNode node) {
        this.origin = origin;
        this.prefix = prefix;
        this.node = node;
    }

    /// Reads a file that holds one JSON object.
    ///
    /// @throws CheckpointException if it does not, is longer than 100 MB, nested deeper than 64, has a key twice or is
    ///     not UTF-8
    public static Config read(Path file) throws CheckpointException {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > MAX_BYTES) {
                throw new CheckpointException(file, "", "found " + Files.size(file) + " bytes, expected at most "
                        + MAX_BYTES);
            }
            return parse(file, Files.readString(file));
        } catch (CheckpointException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "", "there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file, "", "is not UTF-8", e);
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    /// @param origin the file that messages name
    public static Config parse(Path origin, String json) throws CheckpointException {
        try {
            return object(origin, JsonTree.parse(json));
        } catch (JacksonException e) {
            String where = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr();
            throw new CheckpointException(origin, where, "is not the JSON expected: " + e.getOriginalMessage(), e);
        }
    }

    /// A config made from values: texts, numbers, flags, arrays, lists and maps of these.
    ///
    /// @param origin the file that messages name
    public static Config of(Path origin, Map<String, ?> values) {
        return new Config(origin, "", JsonTree.of(values));
    }

    private static Config object(Path origin, JsonNode node) throws CheckpointException {
        if (!node.isObject()) {
            throw new CheckpointException(origin, "", "found " + words(node) + ", expected an object");
        }
        return new Config(origin, "", node);
    }

    /// The same with another value for a key: a text, number, flag, list or map.
    public Config with(String key, Object value) {
        ObjectNode changed = ((ObjectNode) node).deepCopy();
        changed.set(key, JsonTree.of(value));
        return new Config(origin, prefix, changed);
    }

    /// The object as JSON, indented, its keys in alphabetical order.
    public String json() {
        return JsonTree.sorted(node).toPrettyString();
    }

    /// The file that messages name.
    public Path origin() {
        return origin;
    }

    /// The keys that have a value, in the order of the file.
    public Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>();
        for (String key : node.propertyNames()) {
            if (has(key)) {
                keys.add(key);
            }
        }
        return keys;
    }

    public boolean has(String key) {
        return !value(key).isMissingNode();
    }

    /// Whether the key is there, be it with the value `null`.
    public boolean mentions(String key) {
        return node.has(key);
    }

    /// Whether the key is there and says `null`, where that means something else than an absent key.
    public boolean isNull(String key) {
        return node.path(key).isNull();
    }

    /// Whether the key has a list for its value; some may hold either one value or a list.
    public boolean isList(String key) {
        return value(key).isArray();
    }

    /// Whether the key has an object for its value.
    public boolean isObject(String key) {
        return value(key).isObject();
    }

    /// The value as Jackson has it, a missing node if there is none.
    public JsonNode value(String key) {
        JsonNode value = node.path(key);
        return value.isNull() ? MissingNode.getInstance() : value;
    }

    public String text(String key) throws CheckpointException {
        return required(key, "a text").isString() ? value(key).stringValue() : fail(key, value(key), "a text");
    }

    public String text(String key, String ifAbsent) throws CheckpointException {
        return has(key) ? text(key) : ifAbsent;
    }

    /// A whole number that fits an int; reals such as `5.0` are refused.
    public int integer(String key) throws CheckpointException {
        return integer(key, required(key, "a whole number"));
    }

    public int integer(String key, int ifAbsent) throws CheckpointException {
        return has(key) ? integer(key) : ifAbsent;
    }

    /// A whole number of at least 1, as sizes and counts are.
    public int positive(String key) throws CheckpointException {
        int n = integer(key);
        return n > 0 ? n : fail(key, value(key), "a whole number of at least 1");
    }

    public int positive(String key, int ifAbsent) throws CheckpointException {
        return has(key) ? positive(key) : ifAbsent;
    }

    /// Any number, an infinite one also as Transformers write it: `{"__float__": "Infinity"}`.
    public double real(String key) throws CheckpointException {
        return real(key, required(key, "a number"));
    }

    public double real(String key, double ifAbsent) throws CheckpointException {
        return has(key) ? real(key) : ifAbsent;
    }

    public boolean flag(String key) throws CheckpointException {
        JsonNode value = required(key, "true or false");
        return value.isBoolean() ? value.booleanValue() : fail(key, value, "true or false");
    }

    public boolean flag(String key, boolean ifAbsent) throws CheckpointException {
        return has(key) ? flag(key) : ifAbsent;
    }

    public int[] integers(String key) throws CheckpointException {
        JsonNode list = list(key, "a list of whole numbers");
        int[] values = new int[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = integer(key + "[" + i + "]", list.get(i));
        }
        return values;
    }

    public double[] reals(String key) throws CheckpointException {
        JsonNode list = list(key, "a list of numbers");
        double[] values = new double[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = real(key + "[" + i + "]", list.get(i));
        }
        return values;
    }

    public String[] strings(String key) throws CheckpointException {
        JsonNode list = list(key, "a list of texts");
        String[] values = new String[list.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode one = list.get(i);
            values[i] = one.isString() ? one.stringValue() : fail(key + "[" + i + "]", one, "a text");
        }
        return values;
    }

    /// The object under a key; messages about it name the whole way, as in `text_config.hidden_size`.
    public Config child(String key) throws CheckpointException {
        JsonNode value = required(key, "an object");
        return value.isObject() ? new Config(origin, prefix + key + ".", value) : fail(key, value, "an object");
    }

    /// The object under a key, or one of these values where there is none.
    public Config child(String key, Map<String, ?> ifAbsent) throws CheckpointException {
        return has(key) ? child(key) : new Config(origin, prefix + key + ".", JsonTree.of(ifAbsent));
    }

    /// An exception about a key of this config, for callers that expect more of a value than its type.
    public CheckpointException error(String key, String problem) {
        return new CheckpointException(origin, "key " + prefix + key, problem);
    }

    private int integer(String key, JsonNode value) throws CheckpointException {
        if (!value.isIntegralNumber()) {
            return fail(key, value, "a whole number");
        }
        return value.canConvertToInt() ? value.intValue()
                : fail(key, value, "a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE);
    }

    private double real(String key, JsonNode value) throws CheckpointException {
        if (value.isObject() && value.size() == 1) {
            switch (value.path("__float__").asString("")) {
                case "Infinity" -> {
                    return Double.POSITIVE_INFINITY;
                }
                case "-Infinity" -> {
                    return Double.NEGATIVE_INFINITY;
                }
                default -> { }
            }
        }
        return value.isNumber() ? value.doubleValue() : fail(key, value, "a number");
    }

    private JsonNode list(String key, String expected) throws CheckpointException {
        JsonNode value = required(key, expected);
        return value.isArray() ? value : fail(key, value, expected);
    }

    private JsonNode required(String key, String expected) throws CheckpointException {
        if (!has(key)) {
            throw error(key, "is missing, expected " + expected);
        }
        return value(key);
    }

    private <T> T fail(String key, JsonNode found, String expected) throws CheckpointException {
        throw error(key, "found " + words(found) + ", expected " + expected);
    }

    private static String words(JsonNode node) {
        if (node.isArray()) {
            return "a list of " + node.size();
        }
        if (node.isObject()) {
            return "an object";
        }
        String text = node.isMissingNode() ? "nothing" : node.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}

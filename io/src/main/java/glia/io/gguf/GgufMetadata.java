package glia.io.gguf;

import glia.io.CheckpointException;
import glia.io.gguf.GgufValue.GgufList;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// The metadata of a GGUF file: keys and typed values, in the order of the file.
///
/// Getters throw an exception for a missing key or a value of another type. Strings of arrays are decoded on access.
public final class GgufMetadata {
    private final Path origin;
    private final Map<String, GgufValue> values;

    GgufMetadata(Path origin, LinkedHashMap<String, GgufValue> values) {
        this.origin = origin;
        this.values = values;
    }

    /// Metadata of Java values: `String`, `Boolean`, `Integer`, `Long`, `Float`, `Double`, arrays or lists of
    /// these, or a `GgufValue` for an exact type. Integers become UINT32 or UINT64 (INT32, INT64 if
    /// negative), lists of them INT32 and INT64.
    ///
    /// @param origin the file for messages
    /// @throws IllegalArgumentException if GGUF has no type for a value
    public static GgufMetadata of(Path origin, Map<String, Object> values) {
        LinkedHashMap<String, GgufValue> all = new LinkedHashMap<>();
        values.forEach((key, value) -> all.put(key, GgufValue.ofJava(value)));
        return new GgufMetadata(origin, all);
    }

    /// The file for messages.
    public Path origin() {
        return origin;
    }

    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /// A copy of all values with their types, for [#of].
    public Map<String, Object> values() {
        return new LinkedHashMap<>(values);
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    /// The value with its type.
    public GgufValue value(String key) throws CheckpointException {
        GgufValue value = values.get(key);
        if (value == null) {
            throw new CheckpointException(origin, "metadata key " + key, "is missing");
        }
        return value;
    }

    /// The value as `String`, `Boolean`, `Long` (every integer type, UINT64 as its bits), `Float` or `Double`; arrays
    /// as `String[]`, `long[]` (every integer type), `float[]`, `double[]` or `boolean[]`; nested arrays as
    /// `GgufValue`.
    public Object raw(String key) throws CheckpointException {
        GgufValue value = value(key);
        if (!(value.content() instanceof GgufList list)) {
            return value.content();
        }
        return switch (list.elements()) {
            case STRING -> strings(key);
            case FLOAT32 -> list.floats();
            case FLOAT64 -> list.doubles();
            case BOOL -> list.flags();
            case ARRAY -> value;
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> list.integers();
        };
    }

    public String string(String key) throws CheckpointException {
        return value(key).content() instanceof String s ? s : fail(key, "a string");
    }

    /// An integer of any integer type.
    public long integer(String key) throws CheckpointException {
        GgufValue value = value(key);
        if (value.content() instanceof Long n) {
            if (value.kind() == GgufKind.UINT64 && n < 0) {
                throw new CheckpointException(origin, "metadata key " + key,
                        "found " + Long.toUnsignedString(n) + ", expected at most " + Long.MAX_VALUE);
            }
            return n;
        }
        return fail(key, "a whole number");
    }

    /// A number of any type.
    public double real(String key) throws CheckpointException {
        return switch (value(key).content()) {
            case Float f -> f;
            case Double d -> d;
            case Long n -> integer(key);
            default -> fail(key, "a number");
        };
    }

    public boolean flag(String key) throws CheckpointException {
        return value(key).content() instanceof Boolean b ? b : fail(key, "true or false");
    }

    public String[] strings(String key) throws CheckpointException {
        GgufStrings texts = texts(key);
        try {
            return texts.toArray();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(origin, "metadata key " + key, "contains a string that is not UTF-8", e);
        }
    }

    /// An array of strings that are decoded one by one on access, without a check of UTF-8.
    public GgufStrings texts(String key) throws CheckpointException {
        GgufList list = list(key, "a list of strings");
        return list.elements() == GgufKind.STRING ? new GgufStrings(list) : fail(key, "a list of strings");
    }

    /// An array of FLOAT32 or FLOAT64.
    public float[] floats(String key) throws CheckpointException {
        GgufList list = list(key, "a list of floating-point numbers");
        if (list.elements() == GgufKind.FLOAT32) {
            return list.floats();
        }
        if (list.elements() != GgufKind.FLOAT64) {
            return fail(key, "a list of floating-point numbers");
        }
        double[] wide = list.doubles();
        float[] narrow = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            narrow[i] = (float) wide[i];
        }
        return narrow;
    }

    /// An array of any integer type whose elements fit `int`.
    public int[] integers(String key) throws CheckpointException {
        GgufList list = list(key, "a list of integers");
        if (!list.elements().isInteger()) {
            return fail(key, "a list of integers");
        }
        long[] wide = list.integers();
        int[] narrow = new int[wide.length];
        for (int i = 0; i < wide.length; i++) {
            narrow[i] = (int) wide[i];
            if (narrow[i] != wide[i]) {
                throw new CheckpointException(origin, "metadata key " + key, "found " + wide[i] + " at index " + i
                        + ", expected " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE);
            }
        }
        return narrow;
    }

    public boolean[] flags(String key) throws CheckpointException {
        GgufList list = list(key, "a list of true and false");
        return list.elements() == GgufKind.BOOL ? list.flags() : fail(key, "a list of true and false");
    }

    private GgufList list(String key, String expected) throws CheckpointException {
        return value(key).content() instanceof GgufList list ? list : fail(key, expected);
    }

    private <T> T fail(String key, String expected) throws CheckpointException {
        throw new CheckpointException(origin, "metadata key " + key,
                "found " + value(key) + ", expected " + expected);
    }
}

package glia.io.gguf;

import glia.io.CheckpointException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// The metadata of a GGUF file: keys and typed values, in the order of the file.
///
/// Getters give what the file holds or throw: a missing key or a value of another kind is an error that names both.
/// Texts of long lists are decoded when they are first asked for.
public final class GgufMetadata {
    private final Path origin;
    private final Map<String, GgufValue> values;

    GgufMetadata(Path origin, LinkedHashMap<String, GgufValue> values) {
        this.origin = origin;
        this.values = values;
    }

    /// Metadata made by hand. Values are `String`, `Boolean`, `Integer`, `Long`, `Float`, `Double`, arrays or lists of
    /// these, or a `GgufValue` where the kind matters; whole numbers become UINT32 or UINT64 (INT32, INT64 where
    /// negative), lists of them INT32 and INT64.
    ///
    /// @param origin the file that messages name
    /// @throws IllegalArgumentException if GGUF has no kind for a value
    public static GgufMetadata of(Path origin, Map<String, Object> values) {
        LinkedHashMap<String, GgufValue> all = new LinkedHashMap<>();
        values.forEach((key, value) -> all.put(key, GgufValue.ofJava(value)));
        return new GgufMetadata(origin, all);
    }

    /// The file that this was read from.
    public Path origin() {
        return origin;
    }

    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    /// The value with its kind.
    public GgufValue value(String key) throws CheckpointException {
        GgufValue value = values.get(key);
        if (value == null) {
            throw new CheckpointException(origin, "metadata key " + key, "is missing");
        }
        return value;
    }

    /// The value as Java has it: `String`, `Boolean`, `Long` (every integer kind), `Float`, `Double`, or for lists
    /// `String[]`, `int[]`, `long[]` (UINT32 and wider), `float[]`, `double[]`, `boolean[]`, `GgufValue[]`.
    public Object raw(String key) throws CheckpointException {
        return switch (value(key).content()) {
            case GgufStrings strings -> decode(key, strings);
            case int[] a -> a.clone();
            case long[] a -> a.clone();
            case float[] a -> a.clone();
            case double[] a -> a.clone();
            case boolean[] a -> a.clone();
            case GgufValue[] a -> a.clone();
            case Object scalar -> scalar;
        };
    }

    public String string(String key) throws CheckpointException {
        return value(key).content() instanceof String s ? s : fail(key, "a text");
    }

    /// A whole number of any integer kind.
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

    /// A number of any float or integer kind.
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
        return value(key).content() instanceof GgufStrings s ? decode(key, s) : fail(key, "a list of texts");
    }

    /// A list of numbers of a float kind.
    public float[] floats(String key) throws CheckpointException {
        return switch (value(key).content()) {
            case float[] a -> a.clone();
            case double[] a -> {
                float[] floats = new float[a.length];
                for (int i = 0; i < a.length; i++) {
                    floats[i] = (float) a[i];
                }
                yield floats;
            }
            default -> fail(key, "a list of reals");
        };
    }

    /// A list of whole numbers of any integer kind, each of which fits an int.
    public int[] integers(String key) throws CheckpointException {
        return switch (value(key).content()) {
            case int[] a -> a.clone();
            case long[] a -> narrow(key, a);
            default -> fail(key, "a list of whole numbers");
        };
    }

    public boolean[] flags(String key) throws CheckpointException {
        return value(key).content() instanceof boolean[] a ? a.clone() : fail(key, "a list of true and false");
    }

    private int[] narrow(String key, long[] wide) throws CheckpointException {
        int[] ints = new int[wide.length];
        for (int i = 0; i < wide.length; i++) {
            ints[i] = (int) wide[i];
            if (ints[i] != wide[i]) {
                throw new CheckpointException(origin, "metadata key " + key,
                        "found " + wide[i] + " at index " + i + ", expected at most " + Integer.MAX_VALUE);
            }
        }
        return ints;
    }

    private String[] decode(String key, GgufStrings strings) throws CheckpointException {
        try {
            return strings.decode();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(origin, "metadata key " + key, "holds a text that is not UTF-8", e);
        }
    }

    private <T> T fail(String key, String expected) throws CheckpointException {
        throw new CheckpointException(origin, "metadata key " + key,
                "found " + value(key) + ", expected " + expected);
    }
}

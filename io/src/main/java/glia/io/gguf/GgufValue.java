package glia.io.gguf;

import java.lang.reflect.Array;
import java.util.Arrays;
import java.util.List;

/// A metadata value of a GGUF file together with its kind there, which Java's types alone do not tell.
///
/// Scalars hold a `Long` (all integer kinds; UINT64 as its bits), `Float`, `Double`, `Boolean` or `String`. Lists hold a
/// `long[]` (UINT32, UINT64, INT64), `int[]` (the smaller integers), `float[]`, `double[]`, `boolean[]`,
/// `GgufStrings` or `GgufValue[]` (lists of lists).
public final class GgufValue {
    private static final int MAX_DEPTH = 4;

    private final GgufKind kind;
    private final GgufKind elements;
    private final Object content;

    private GgufValue(GgufKind kind, GgufKind elements, Object content) {
        this.kind = kind;
        this.elements = elements;
        this.content = content;
    }

    /// A value of an exact kind.
    ///
    /// @param value an integer, float, boolean or text that this kind can hold
    /// @throws IllegalArgumentException if it cannot
    public static GgufValue of(GgufKind kind, Object value) {
        if (kind.isInteger() && value instanceof Number n && !(value instanceof Float || value instanceof Double)
                && kind.holds(n.longValue())) {
            return new GgufValue(kind, kind, n.longValue());
        }
        boolean fits = switch (kind) {
            case FLOAT32 -> value instanceof Float;
            case FLOAT64 -> value instanceof Double;
            case BOOL -> value instanceof Boolean;
            case STRING -> value instanceof String;
            default -> false;
        };
        if (!fits) {
            throw new IllegalArgumentException("a " + kind + " cannot hold " + value);
        }
        return new GgufValue(kind, kind, value);
    }

    /// A list of an exact kind.
    ///
    /// @param values an array of numbers, flags, texts or (for ARRAY) of lists
    /// @throws IllegalArgumentException if one of them is of another kind
    public static GgufValue list(GgufKind elements, Object values) {
        int n = Array.getLength(values);
        Object content = emptyList(elements, n);
        if (content instanceof String[] strings) {
            System.arraycopy(values, 0, strings, 0, n);
            return new GgufValue(GgufKind.ARRAY, elements, GgufStrings.of(strings));
        }
        for (int i = 0; i < n; i++) {
            Object one = Array.get(values, i);
            if (elements == GgufKind.ARRAY) {
                Array.set(content, i, ofJava(one));
            } else if (content instanceof int[] ints) {
                ints[i] = Math.toIntExact((Long) of(elements, one).content);
            } else {
                Array.set(content, i, of(elements, one).content);
            }
        }
        GgufValue list = new GgufValue(GgufKind.ARRAY, elements, content);
        if (list.depth() > MAX_DEPTH) {
            throw new IllegalArgumentException("lists nested more than " + MAX_DEPTH + " deep");
        }
        return list;
    }

    /// A list whose content is already in the form that this class keeps.
    static GgufValue listOf(GgufKind elements, Object content) {
        return new GgufValue(GgufKind.ARRAY, elements, content);
    }

    /// An array of the form that this class keeps (texts as `String[]`).
    static Object emptyList(GgufKind elements, int count) {
        return switch (elements) {
            case UINT8, INT8, UINT16, INT16, INT32 -> new int[count];
            case UINT32, UINT64, INT64 -> new long[count];
            case FLOAT32 -> new float[count];
            case FLOAT64 -> new double[count];
            case BOOL -> new boolean[count];
            case STRING -> new String[count];
            case ARRAY -> new GgufValue[count];
        };
    }

    /// The value in the kind that GGUF files use for it: whole numbers that are not negative become UINT32 or UINT64,
    /// negative ones INT32 or INT64 (Integer and Long), arrays of them INT32 and INT64.
    ///
    /// @throws IllegalArgumentException if there is no kind for it
    static GgufValue ofJava(Object value) {
        return switch (value) {
            case GgufValue v -> v;
            case String s -> of(GgufKind.STRING, s);
            case Boolean b -> of(GgufKind.BOOL, b);
            case Float f -> of(GgufKind.FLOAT32, f);
            case Double d -> of(GgufKind.FLOAT64, d);
            case Byte b -> of(GgufKind.INT8, b);
            case Short s -> of(GgufKind.INT16, s);
            case Integer i -> of(i < 0 ? GgufKind.INT32 : GgufKind.UINT32, i);
            case Long l -> of(l < 0 ? GgufKind.INT64 : GgufKind.UINT64, l);
            case String[] a -> list(GgufKind.STRING, a);
            case int[] a -> list(GgufKind.INT32, a);
            case long[] a -> list(GgufKind.INT64, a);
            case float[] a -> list(GgufKind.FLOAT32, a);
            case double[] a -> list(GgufKind.FLOAT64, a);
            case boolean[] a -> list(GgufKind.BOOL, a);
            case Object[] a -> list(GgufKind.ARRAY, a);
            case List<?> l when l.isEmpty() -> list(GgufKind.STRING, new String[0]);
            case List<?> l -> list(l.get(0) instanceof Integer ? GgufKind.INT32 : ofJava(l.get(0)).kind(), l.toArray());
            case null, default -> throw new IllegalArgumentException("GGUF has no kind for " + value
                    + (value == null ? "" : " (" + value.getClass().getName() + ")"));
        };
    }

    /// The kind: ARRAY for lists.
    public GgufKind kind() {
        return kind;
    }

    /// The kind of a list's elements; of a scalar, its own.
    public GgufKind elements() {
        return elements;
    }

    /// The number of elements of a list; 1 for a scalar.
    public int count() {
        if (content instanceof GgufStrings strings) {
            return strings.count();
        }
        return kind == GgufKind.ARRAY ? Array.getLength(content) : 1;
    }

    Object content() {
        return content;
    }

    private int depth() {
        if (!(content instanceof GgufValue[] lists)) {
            return kind == GgufKind.ARRAY ? 1 : 0;
        }
        return 1 + Arrays.stream(lists).mapToInt(GgufValue::depth).max().orElse(0);
    }

    /// The kind in words, as messages give it: `UINT32`, `ARRAY of 5 STRING`.
    @Override
    public String toString() {
        return kind == GgufKind.ARRAY ? "ARRAY of " + count() + " " + elements : kind.toString();
    }
}

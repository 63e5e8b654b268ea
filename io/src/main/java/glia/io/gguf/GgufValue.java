package glia.io.gguf;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/// A metadata value of a GGUF file with its exact type.
public final class GgufValue {
    private final GgufKind kind;
    private final Object content;

    private GgufValue(GgufKind kind, Object content) {
        this.kind = kind;
        this.content = content;
    }

    /// A scalar of an exact type.
    ///
    /// @param value an integer, `Float`, `Double`, `Boolean` or `String` in the range of the type
    /// @throws IllegalArgumentException if it cannot
    public static GgufValue of(GgufKind kind, Object value) {
        if (kind.isInteger()) {
            boolean whole = value instanceof Long || value instanceof Integer || value instanceof Short
                    || value instanceof Byte;
            if (whole && kind.holds(((Number) value).longValue())) {
                return new GgufValue(kind, ((Number) value).longValue());
            }
        }
        boolean fits = switch (kind) {
            case FLOAT32 -> value instanceof Float;
            case FLOAT64 -> value instanceof Double;
            case BOOL -> value instanceof Boolean;
            case STRING -> value instanceof String;
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64, ARRAY -> false;
        };
        if (!fits) {
            throw new IllegalArgumentException("a " + kind + " cannot hold " + value);
        }
        return new GgufValue(kind, value);
    }

    /// An array whose elements have an exact type.
    ///
    /// @param values an array of numbers, booleans, strings or, for ARRAY, of arrays or lists
    /// @throws IllegalArgumentException if an element has another type
    public static GgufValue list(GgufKind elements, Object values) {
        GgufOutput out = new GgufOutput();
        int count = Array.getLength(values);
        for (int i = 0; i < count; i++) {
            Object one = Array.get(values, i);
            if (elements == GgufKind.ARRAY) {
                if (!(ofJava(one).content instanceof GgufList list)) {
                    throw new IllegalArgumentException("an ARRAY cannot hold " + one);
                }
                out.list(list);
            } else {
                out.scalar(elements, of(elements, one).content);
            }
        }
        return of(new GgufList(elements, count, out.toBytes()));
    }

    static GgufValue of(GgufList list) {
        return new GgufValue(GgufKind.ARRAY, list);
    }

    /// The value in its usual type: `Integer` and `Long` become UINT32 and UINT64, or INT32 and INT64 if negative;
    /// arrays of them INT32 and INT64.
    ///
    /// @throws IllegalArgumentException if GGUF has no type for it
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
            case List<?> l -> list(elements(l.get(0)), l.toArray());
            case null, default -> throw new IllegalArgumentException("GGUF has no kind for " + value
                    + (value == null ? "" : " (" + value.getClass().getName() + ")"));
        };
    }

    private static GgufKind elements(Object first) {
        return switch (first) {
            case Integer i -> GgufKind.INT32;
            case Long l -> GgufKind.INT64;
            case null, default -> ofJava(first).kind;
        };
    }

    /// The type; ARRAY for arrays.
    public GgufKind kind() {
        return kind;
    }

    /// A `Long` (every integer type, UINT64 as its bits), `Float`, `Double`, `Boolean`, `String` or `GgufList`.
    Object content() {
        return content;
    }

    /// The type for messages: `UINT32`, `ARRAY of 5 STRING`.
    @Override
    public String toString() {
        return content instanceof GgufList list ? "ARRAY of " + list.count() + " " + list.elements() : kind.toString();
    }

    /// An array in GGUF metadata, kept as the bytes of the file and decoded on access: creating 100,000 strings of a
    /// vocabulary takes longer than all other work of opening a file.
    ///
    /// @param elements the type of the elements
    /// @param bytes `count` elements without gaps; the creator has checked that they fill the bytes exactly
    record GgufList(GgufKind elements, int count, byte[] bytes) {
        private ByteBuffer buffer() {
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        /// The elements of any integer type, UINT64 as its bits.
        long[] integers() {
            ByteBuffer buffer = buffer();
            long[] values = new long[count];
            for (int i = 0; i < count; i++) {
                values[i] = switch (elements) {
                    case UINT8 -> bytes[i] & 0xFF;
                    case INT8 -> bytes[i];
                    case UINT16 -> buffer.getShort(2 * i) & 0xFFFF;
                    case INT16 -> buffer.getShort(2 * i);
                    case UINT32 -> buffer.getInt(4 * i) & 0xFFFF_FFFFL;
                    case INT32 -> buffer.getInt(4 * i);
                    case UINT64, INT64 -> buffer.getLong(8 * i);
                    case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> throw new IllegalStateException(elements.toString());
                };
            }
            return values;
        }

        float[] floats() {
            float[] values = new float[count];
            buffer().asFloatBuffer().get(values);
            return values;
        }

        double[] doubles() {
            double[] values = new double[count];
            buffer().asDoubleBuffer().get(values);
            return values;
        }

        boolean[] flags() {
            boolean[] values = new boolean[count];
            for (int i = 0; i < count; i++) {
                values[i] = bytes[i] != 0;
            }
            return values;
        }

        /// The lower four bytes of the length at an offset.
        static int length(byte[] bytes, int at) {
            return (bytes[at] & 0xFF) | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16
                    | (bytes[at + 3] & 0xFF) << 24;
        }
    }
}

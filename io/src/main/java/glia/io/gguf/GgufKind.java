package glia.io.gguf;

/// The types of metadata values in a GGUF file, in the order of their type numbers.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public enum GgufKind {
    UINT8(1), INT8(1), UINT16(2), INT16(2), UINT32(4), INT32(4), FLOAT32(4), BOOL(1), STRING(8), ARRAY(12),
    UINT64(8), INT64(8), FLOAT64(8);

    private static final GgufKind[] ALL = values();

    private final int minBytes;

    GgufKind(int minBytes) {
        this.minBytes = minBytes;
    }

    /// The size of one value in bytes; for strings and arrays the minimum.
    int minBytes() {
        return minBytes;
    }

    boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    /// Whether an integer is in the range of this type (UINT64 takes every `long` as its bits).
    boolean holds(long value) {
        return switch (this) {
            case UINT8 -> value >= 0 && value <= 0xFF;
            case INT8 -> value == (byte) value;
            case UINT16 -> value >= 0 && value <= 0xFFFF;
            case INT16 -> value == (short) value;
            case UINT32 -> value >= 0 && value <= 0xFFFF_FFFFL;
            case INT32 -> value == (int) value;
            case UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    /// The type of this number, or null if there is none.
    static GgufKind of(int number) {
        return number < 0 || number >= ALL.length ? null : ALL[number];
    }
}

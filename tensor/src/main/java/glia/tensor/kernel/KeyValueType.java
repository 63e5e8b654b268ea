package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Element types of the KV cache. F32 rows are rounded when they are stored. Attention reads the rounded values, in the
/// pass that stored them too, so chunked prefill does not change the results.
///
/// A row begins at a block. Its last block is padded with zeros, so rows may have any number of columns.
public enum KeyValueType {
    /// 4 bytes a value, exact.
    F32(DType.F32, "f32"),
    /// 2 bytes a value: the upper half of an F32 value, rounded half to even.
    BF16(DType.BF16, "bf16"),
    /// 8 bits a value and a scale for each 32: 34 bytes for 32 values, in the layout of ggml's `Q8_0`, which is an
    /// alias. The scale d is the least F16 number that is not below `max |x| / 127`. Values are `round(x / d)`, half to
    /// even, with an error of at most d / 2. A block with NaN, infinity or a value beyond 8.3 million becomes NaN.
    INT8(DType.Q8_0, "int8"),
    /// 5 bits a value and a scale for each 32: 22 bytes for 32 values, as ggml's `Q5_0`. The scale maps the value of
    /// the largest magnitude to -16. A block with NaN, infinity or a scale beyond F16 becomes NaN.
    Q5(DType.Q5_0, "q5"),
    /// 4 bits a value and a scale for each 32: 18 bytes for 32 values, as ggml's `Q4_0`; the largest magnitude maps to
    /// -8.
    Q4(DType.Q4_0, "q4"),
    /// INT8 keys and values of Q5: keys bear rounding worse, since it moves all weights of the softmax.
    INT8_Q5(INT8, Q5),
    /// INT8 keys and values of Q4.
    INT8_Q4(INT8, Q4),
    /// Keys of Q5 and values of Q4.
    Q5_Q4(Q5, Q4);

    private static final int STEPS = 127;
    private static final float LARGEST_F16 = 65_504;
    private static final Map<String, String> ALIASES =
            Map.of("q8", "int8", "q8_0", "int8", "q5_0", "q5", "q4_0", "q4");

    private final DType dtype;
    private final String label;
    private final KeyValueType keys;
    private final KeyValueType values;

    KeyValueType(DType dtype, String label) {
        this.dtype = dtype;
        this.label = label;
        keys = this;
        values = this;
    }

    /// Rows are those of keys unless said otherwise.
    KeyValueType(KeyValueType keys, KeyValueType values) {
        this.dtype = keys.dtype;
        this.label = keys.label + ":" + values.label;
        this.keys = keys;
        this.values = values;
    }

    /// The type of keys, and of rows that are both keys and values.
    public KeyValueType ofKeys() {
        return keys;
    }

    /// The type of values.
    public KeyValueType ofValues() {
        return values;
    }

    /// The storage type of keys.
    public DType dtype() {
        return dtype;
    }

    /// `f32`, `bf16`, `int8`, `q5`, `q4`, or the labels of keys and values, such as `int8:q4`.
    public String label() {
        return label;
    }

    /// Returns the type with this label. `q8` and `q8_0` are aliases of `int8`, `q5_0` of `q5`, `q4_0` of `q4`, also in
    /// the labels of keys and values.
    public static Optional<KeyValueType> named(String label) {
        String[] names = label.toLowerCase(Locale.ROOT).split(":", -1);
        String keys = ALIASES.getOrDefault(names[0], names[0]);
        String values = ALIASES.getOrDefault(names[names.length - 1], names[names.length - 1]);
        return names.length > 2 ? Optional.empty() : Stream.of(KeyValueType.values())
                .filter(type -> type.keys.label.equals(keys) && type.values.label.equals(values)).findFirst();
    }

    /// Size of a row of `cols` values, in bytes.
    public long rowBytes(int cols) {
        return dtype.bytes(wholeBlocks(cols));
    }

    /// The first column of the block that holds column `col`.
    public int blockStart(int col) {
        return col / dtype.blockElements() * dtype.blockElements();
    }

    /// Rounds a number of columns up to whole blocks.
    public int wholeBlocks(int cols) {
        return Math.ceilDiv(cols, dtype.blockElements()) * dtype.blockElements();
    }

    /// Whether heads of these sizes are whole blocks, so that each begins at one.
    public boolean hasWholeHeads(int keySize, int valueSize) {
        return keys.blockStart(keySize) == keySize && values.blockStart(valueSize) == valueSize;
    }

    /// Stores consecutive F32 rows. Addresses are not checked. Allocates nothing.
    ///
    /// @param cols values in a row
    /// @param to room for `rows · rowBytes(cols)` bytes
    public void store(long from, int cols, int rows, long to) {
        switch (keys) {
            case F32 -> MemorySegment.copy(Memory.ALL, from, Memory.ALL, to, 4L * cols * rows);
            case BF16 -> storeBf16(Memory.address(from), (long) cols * rows, Memory.address(to));
            default -> {
                long at = to;
                for (int row = 0; row < rows; row++) {
                    for (int col = 0; col < cols; col += dtype.blockElements(), at += dtype.blockBytes()) {
                        long numbers = from + 4L * ((long) row * cols + col);
                        int count = Math.min(dtype.blockElements(), cols - col);
                        if (keys == INT8) {
                            storeBlock(numbers, count, at);
                        } else {
                            storeSmallBlock(Memory.address(numbers), count, Memory.address(at), keys == Q5 ? 16 : 8);
                        }
                    }
                }
            }
        }
    }

    private static void storeBf16(long from, long count, long to) {
        for (long i = 0; i < count; i++) {
            int bits = Memory.i32(from + 4 * i);
            boolean isNan = (bits & 0x7fff_ffff) > 0x7f80_0000;
            // NaN is made quiet, so that dropping bits cannot turn it into infinity.
            int rounded = isNan ? bits | 1 << 22 : bits + 0x7fff + (bits >>> 16 & 1);
            Memory.i16(to + 2 * i, rounded >> 16);
        }
    }

    /// Stores one block of INT8 with `count` values; the others are 0.
    private void storeBlock(long from, int count, long to) {
        long numbers = Memory.address(from);
        long block = Memory.address(to);
        float largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, Math.abs(Memory.f32(numbers + 4L * i)));
        }
        float scale = scale(largest / STEPS);
        Memory.f16(block, scale);
        float inverse = scale > 0 ? 1 / scale : 0;
        for (int i = 0; i < count; i++) {
            Memory.i8(block + 2 + i, (int) Math.rint(Memory.f32(numbers + 4L * i) * inverse));
        }
        for (int i = count; i < dtype.blockElements(); i++) {
            Memory.i8(block + 2 + i, 0);
        }
    }

    /// Stores one block of Q5 or Q4.
    ///
    /// @param half the integers are from `-half` to `half - 1`
    private static void storeSmallBlock(long numbers, int count, long block, int half) {
        float farthest = 0;
        for (int i = 0; i < count; i++) {
            float x = Memory.f32(numbers + 4L * i);
            farthest = Math.abs(x) > Math.abs(farthest) || x != x ? x : farthest;
        }
        float d = farthest / -half;
        Memory.f16(block, Math.abs(d) <= LARGEST_F16 ? d : Float.NaN);
        float inverse = d == 0 ? 0 : 1 / d;
        long bytes = block + (half == 16 ? 6 : 2);
        int fifth = 0;
        for (int i = 0; i < 16; i++) {
            int low = code(numbers, i, count, inverse, half);
            int high = code(numbers, i + 16, count, inverse, half);
            Memory.i8(bytes + i, low & 15 | (high & 15) << 4);
            fifth |= low >> 4 << i | high >> 4 << i + 16;
        }
        if (half == 16) {
            Memory.i32(block + 2, fifth);
        }
    }

    private static int code(long numbers, int i, int count, float inverse, int half) {
        float x = i < count ? Memory.f32(numbers + 4L * i) : 0;
        return Math.min(2 * half - 1, (int) (x * inverse + (half + 0.5f)));
    }

    /// The least F16 number that is not below `least`; NaN where that is not finite, since an infinite scale would
    /// leave some values of a block infinite.
    private static float scale(float least) {
        short bits = Float.floatToFloat16(least);
        float scale = Float.float16ToFloat(Float.float16ToFloat(bits) < least ? (short) (bits + 1) : bits);
        return scale <= Float.MAX_VALUE ? scale : Float.NaN;
    }

    /// Decodes values of a stored row to an array: the definition of what attention reads.
    ///
    /// @param row the address of the row, not checked
    /// @param first the first column of a block
    /// @param count whole blocks
    public void load(long row, int first, int count, float[] to) {
        Decode.toFloats(dtype, row + dtype.bytes(first), to, 0, count);
    }
}

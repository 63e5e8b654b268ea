package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
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
    INT8(DType.Q8_0, "int8");

    private static final int STEPS = 127;

    private final DType dtype;
    private final String label;

    KeyValueType(DType dtype, String label) {
        this.dtype = dtype;
        this.label = label;
    }

    /// The storage type.
    public DType dtype() {
        return dtype;
    }

    /// `f32`, `bf16` or `int8`.
    public String label() {
        return label;
    }

    /// Returns the type with this label. `q8_0` is an alias of INT8.
    public static Optional<KeyValueType> named(String label) {
        String name = label.toLowerCase(Locale.ROOT);
        return Stream.of(values()).filter(type -> type.label.equals(name.equals("q8_0") ? "int8" : name)).findFirst();
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

    /// Stores consecutive F32 rows. Addresses are not checked. Allocates nothing.
    ///
    /// @param cols values in a row
    /// @param to room for `rows · rowBytes(cols)` bytes
    public void store(long from, int cols, int rows, long to) {
        switch (this) {
            case F32 -> MemorySegment.copy(Memory.ALL, from, Memory.ALL, to, 4L * cols * rows);
            case BF16 -> storeBf16(Memory.address(from), (long) cols * rows, Memory.address(to));
            case INT8 -> {
                long at = to;
                for (int row = 0; row < rows; row++) {
                    for (int col = 0; col < cols; col += dtype.blockElements(), at += dtype.blockBytes()) {
                        storeBlock(from + 4L * ((long) row * cols + col), Math.min(dtype.blockElements(), cols - col),
                                at);
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

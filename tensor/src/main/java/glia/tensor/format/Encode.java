package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode.Plain;
import glia.tensor.format.ScaleSearch.Grid;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// Encodes F32 values, rounding to the nearest (half to even in the plain formats). Values beyond the largest become
/// infinity, or NaN in E4M3, which has no infinity. The formats with blocks of 32 give the same bytes as ggml's
/// reference quantization unless values are weighted; the K-quants search for scales (see `Quantize256`).
public final class Encode {
    /// Values encoded at a time from memory to memory: a multiple of every block.
    private static final int CHUNK = 4096;

    private Encode() { }

    /// Whether `fromFloats` supports this type.
    public static boolean writes(DType type) {
        return switch (type) {
            case F32, F16, BF16, F8_E4M3, F8_E5M2, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, MXFP4, Q2_K, Q3_K, Q4_K,
                    Q5_K, Q6_K, IQ4_NL, IQ4_XS, IQ3_S, IQ3_XXS, IQ2_S, IQ2_XS, IQ2_XXS, TQ2_0,
                    TQ1_0 -> true;
            default -> false;
        };
    }

    /// Encodes `count` values to the memory from `address` on, which is not checked.
    ///
    /// @param count a multiple of the type's block
    /// @throws IllegalArgumentException if `count` does not fill blocks, the type is not supported or values for a
    ///        block format contain NaN or infinity
    public static void fromFloats(DType type, float[] from, int offset, int count, long address) {
        fromFloats(type, from, offset, count, Optional.empty(), address);
    }

    /// The same for values whose squared errors are weighted: scales have the least weighted error. Q8_0, MXFP4, the
    /// ternary and the plain formats do not use weights.
    ///
    /// @param importance the weight of each of the `count` values, such as the mean square of the activation
    ///        that it multiplies
    public static void fromFloats(DType type, float[] from, int offset, int count, Optional<float[]> importance,
            long address) {
        Objects.checkFromIndexSize(offset, count, from.length);
        float[] w = importance.orElse(null);
        if (w != null && w.length != count) {
            throw new IllegalArgumentException(w.length + " weights for " + count + " numbers");
        }
        if (count % type.blockElements() != 0) {
            throw new IllegalArgumentException(
                    type + " comes in blocks of " + type.blockElements() + ", not " + count + " numbers");
        }
        if (type.isBlock()) {
            requireFinite(type, from, offset, count);
        }
        if (w != null && Weighted32.TYPES.contains(type)) {
            new Weighted32().quantize(type, from, offset, w, address);
            return;
        }
        switch (type) {
            case F32 -> Memory.store(from, offset, address, count);
            case F16 -> Plain.toF16(from, offset, count, address);
            case BF16 -> Plain.toBf16(from, offset, count, address);
            case F8_E4M3 -> Float8.encodeE4m3(from, offset, count, address);
            case F8_E5M2 -> Float8.encodeE5m2(from, offset, count, address);
            case Q8_0 -> Quantize32.q8p0(from, offset, count, address);
            case Q4_0 -> Quantize32.q4p0(from, offset, count, address);
            case Q4_1 -> Quantize32.q4p1(from, offset, count, address);
            case Q5_0 -> Quantize32.q5p0(from, offset, count, address);
            case Q5_1 -> Quantize32.q5p1(from, offset, count, address);
            case MXFP4 -> Quantize32.mxfp4(from, offset, count, address);
            case Q2_K -> new Quantize256().q2k(from, offset, count, w, address);
            case Q3_K -> new Quantize256().q3k(from, offset, count, w, address);
            case Q4_K -> new Quantize256().q4k(from, offset, count, w, address);
            case Q5_K -> new Quantize256().q5k(from, offset, count, w, address);
            case Q6_K -> new Quantize256().q6k(from, offset, count, w, address);
            case IQ4_NL, IQ4_XS -> new QuantizeIq4().quantize(type, from, offset, count, w, address);
            case IQ3_S, IQ3_XXS, IQ2_S, IQ2_XS, IQ2_XXS ->
                    new QuantizeGrid(type).quantize(type, from, offset, count, w, address);
            case TQ2_0, TQ1_0 -> Quantize256.ternary(type, from, offset, count, address);
            default ->
                    throw new IllegalArgumentException("cannot encode to " + type + ": it is read-only");
        }
    }

    private static void requireFinite(DType type, float[] from, int offset, int count) {
        for (int i = offset; i < offset + count; i++) {
            if (!Float.isFinite(from[i])) {
                throw new IllegalArgumentException(
                        "number " + i + " is " + from[i] + ", which " + type + " cannot hold");
            }
        }
    }

    /// Returns a new tensor of another type with the values of `source`, which may have any real type, freed with
    /// `arena`.
    ///
    /// @throws IllegalArgumentException as `fromFloats`, or if rows do not fill the blocks of the type
    public static Tensor narrow(Tensor source, DType type, Arena arena) {
        if (source.cols() % type.blockElements() != 0) {
            throw new IllegalArgumentException(source + " has rows that do not fill " + type + "'s blocks of "
                    + type.blockElements());
        }
        Tensor narrow = Tensor.allocate(arena, type, source.shape());
        float[] chunk = new float[(int) Math.min(CHUNK, source.size())];
        for (long i = 0; i < source.size(); i += CHUNK) {
            int n = (int) Math.min(CHUNK, source.size() - i);
            Decode.toFloats(source, i, chunk, 0, n);
            fromFloats(type, chunk, 0, n, narrow.address() + type.bytes(i));
        }
        return narrow;
    }

    /// Quantizes a row to Q4_0, Q4_1, Q5_0 or Q5_1 with the least weighted squared error. The weight of a value x is
    /// `importance · √(σ² + x²)`, where σ² is the mean square of the row, as in ggml.
    ///
    /// @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml: `quantize_row_q4_0_impl` and
    /// so
    ///     on</a>
    static final class Weighted32 {
        /// The types with a search.
        static final Set<DType> TYPES = Set.of(DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1);

        private static final int SIZE = Blocks32.SIZE;
        private static final Grid GRID = new Grid(-0.9f, 0.05f, 36, false, true);

        private final ScaleSearch search = new ScaleSearch();
        private final float[] weights = new float[SIZE];
        private final int[] q = new int[SIZE];

        void quantize(DType type, float[] x, int offset, float[] importance, long address) {
            double squares = 0;
            for (int i = 0; i < importance.length; i++) {
                squares += (double) x[offset + i] * x[offset + i];
            }
            float mean = (float) (squares / importance.length);
            long block = address;
            for (int column = 0; column < importance.length; column += SIZE, block += type.blockBytes()) {
                for (int j = 0; j < SIZE; j++) {
                    float value = x[offset + column + j];
                    weights[j] = importance[column + j] * (float) Math.sqrt(mean + value * value);
                }
                switch (type) {
                    case Q4_0 -> {
                        signed(x, offset + column, 8, block);
                        Quantize32.packLow(q, block + 2);
                    }
                    case Q5_0 -> {
                        signed(x, offset + column, 16, block);
                        Memory.i32(block + 2, Quantize32.fifthBits(q));
                        Quantize32.packLow(q, block + 6);
                    }
                    case Q4_1 -> {
                        affine(x, offset + column, 15, block);
                        Quantize32.packLow(q, block + 4);
                    }
                    case Q5_1 -> {
                        affine(x, offset + column, 31, block);
                        Memory.i32(block + 4, Quantize32.fifthBits(q));
                        Quantize32.packLow(q, block + 8);
                    }
                    default -> throw new IllegalArgumentException(type + " has no weighted search in blocks of 32");
                }
            }
        }

        private void signed(float[] x, int from, int most, long block) {
            Memory.f16(block, search.signed(x, from, SIZE, most, weights, 0, true));
            float inverse = ScaleSearch.inverse(Memory.f16(block));
            for (int j = 0; j < SIZE; j++) {
                q[j] = ScaleSearch.nearest(x[from + j] * inverse, -most, most - 1) + most;
            }
        }

        private void affine(float[] x, int from, int most, long block) {
            search.affine(x, from, SIZE, most, weights, 0, GRID);
            Memory.f16(block, search.scale());
            Memory.f16(block + 2, -search.min());
            float inverse = ScaleSearch.inverse(Memory.f16(block));
            float min = Memory.f16(block + 2);
            for (int j = 0; j < SIZE; j++) {
                q[j] = ScaleSearch.nearest((x[from + j] - min) * inverse, 0, most);
            }
        }
    }
}

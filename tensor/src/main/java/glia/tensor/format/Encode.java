package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.Optional;

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
                    Q5_K, Q6_K, IQ4_NL, IQ4_XS -> true;
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

    /// The same for values whose squared errors are weighted: scales have the least weighted error. Q8_0, MXFP4 and the
    /// plain formats do not use weights.
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
}

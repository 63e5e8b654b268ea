package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.loadInts;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.toFloats;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Turns words of packed numbers (see `Stage`) into rows of F32 of a panel: `q · scale + minimum`. A lane is a row of
/// the weight, so that scales and minima are vectors like all else. Few loops serve all formats, as each must be
/// compiled before it is fast.
final class Unpack {
    private Unpack() { }

    /// Two groups of unsigned nibbles: the low ones of the words' bytes are one group, the high ones the other.
    ///
    /// @param scales the low group's scales (a row of a panel), `highScales` the high group's; minima likewise
    /// @param to where the low group's rows go, `4 · count` of them; `highTo` likewise
    static void nibbles(long words, int count, long scales, long minima, long highScales, long highMinima,
            long to, long highTo) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector scale = load(scales + side);
            FloatVector minimum = load(minima + side);
            FloatVector highScale = load(highScales + side);
            FloatVector highMinimum = load(highMinima + side);
            for (int i = 0; i < count; i++) {
                IntVector w = loadInts(words + side + (long) i * PANEL_BYTES);
                for (int row = 4 * i; row < 4 * i + 4; row++) {
                    store(to + side + (long) row * PANEL_BYTES, toFloats(w.and(15)).fma(scale, minimum));
                    IntVector high = w.lanewise(VectorOperators.LSHR, 4).and(15);
                    store(highTo + side + (long) row * PANEL_BYTES, toFloats(high).fma(highScale, highMinimum));
                    w = w.lanewise(VectorOperators.LSHR, 8);
                }
            }
        }
    }

    /// A group of bytes, unsigned after all bits of `flip` have been turned over.
    static void bytes(long words, int count, int flip, long scales, long minima, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector scale = load(scales + side);
            FloatVector minimum = load(minima + side);
            for (int i = 0; i < count; i++) {
                IntVector w = loadInts(words + side + (long) i * PANEL_BYTES).lanewise(VectorOperators.XOR, flip);
                for (int row = 4 * i; row < 4 * i + 4; row++) {
                    store(to + side + (long) row * PANEL_BYTES, toFloats(w.and(255)).fma(scale, minimum));
                    w = w.lanewise(VectorOperators.LSHR, 8);
                }
            }
        }
    }

    /// Two half-precision numbers a word.
    static void halves(long words, int count, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < count; i++) {
                IntVector w = loadInts(words + side + (long) i * PANEL_BYTES);
                for (int row = 2 * i; row < 2 * i + 2; row++) {
                    store(to + side + (long) row * PANEL_BYTES, Simd.halves(w.and(0xffff)));
                    w = w.lanewise(VectorOperators.LSHR, 16);
                }
            }
        }
    }

    /// Two bfloat16 numbers a word.
    static void brains(long words, int count, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < count; i++) {
                IntVector w = loadInts(words + side + (long) i * PANEL_BYTES);
                long row = to + side + 2L * i * PANEL_BYTES;
                store(row, w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats());
                store(row + PANEL_BYTES, w.and(0xffff0000).reinterpretAsFloats());
            }
        }
    }

    /// `to = factor · from` for `rows` rows of a panel.
    static void scaled(long from, float factor, int rows, long to) {
        for (int i = 0; i < 2 * rows; i++) {
            store(to + (long) i * BYTES, load(from + (long) i * BYTES).mul(factor));
        }
    }

    /// Rows of F32 from the signed bytes of words, four rows a word, times a row of scales.
    static void signedBytes(long words, int count, long scales, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector scale = load(scales + side);
            for (int i = 0; i < count; i++) {
                IntVector w = loadInts(words + side + (long) i * PANEL_BYTES);
                for (int row = 4 * i + 3; row >= 4 * i; row--) {
                    IntVector signed = w.lanewise(VectorOperators.ASHR, 24);
                    store(to + side + (long) row * PANEL_BYTES, toFloats(signed).mul(scale));
                    w = w.lanewise(VectorOperators.LSHL, 8);
                }
            }
        }
    }
}

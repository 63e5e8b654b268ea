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

/// Decodes staged words (see `Stage`) of plain 16-bit numbers and of the formats with a scale for each 32 numbers to a
/// panel of F32: number k of row r at row k, column r. A lane is a row, so that scales need no spreading.
final class Panels32 {
    private Panels32() { }

    /// Two half-precision numbers a word.
    static void f16(long words, int numWords, long panel) {
        for (int i = 0; i < 2 * numWords; i++) {
            // Each half of a panel's row at a time: the words of vector i % 2 of row i / 2.
            IntVector w = loadInts(words + (long) i * BYTES);
            long to = panel + (i >> 1) * 2L * PANEL_BYTES + (i & 1) * BYTES;
            store(to, Simd.halves(w.and(0xffff)));
            store(to + PANEL_BYTES, Simd.halves(w.lanewise(VectorOperators.LSHR, 16)));
        }
    }

    /// Two bfloat16 numbers a word.
    static void bf16(long words, int numWords, long panel) {
        for (int i = 0; i < 2 * numWords; i++) {
            IntVector w = loadInts(words + (long) i * BYTES);
            long to = panel + (i >> 1) * 2L * PANEL_BYTES + (i & 1) * BYTES;
            store(to, w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats());
            store(to + PANEL_BYTES, w.and(0xffff0000).reinterpretAsFloats());
        }
    }

    /// Q8_0: 8 words of 4 signed bytes.
    static void q8p0(long words, long scales, int blocks, long panel) {
        for (int i = 0; i < 2 * blocks; i++) {
            long side = (i & 1) * BYTES;
            FloatVector d = load(scales + (long) i * BYTES);
            long from = words + (i >> 1) * 8L * PANEL_BYTES + side;
            long to = panel + (i >> 1) * 32L * PANEL_BYTES + side;
            for (int j = 0; j < 8; j++) {
                IntVector w = loadInts(from);
                store(to, toFloats(signedByte(w, 24)).mul(d));
                store(to + PANEL_BYTES, toFloats(signedByte(w, 16)).mul(d));
                store(to + 2 * PANEL_BYTES, toFloats(signedByte(w, 8)).mul(d));
                store(to + 3 * PANEL_BYTES, toFloats(w.lanewise(VectorOperators.ASHR, 24)).mul(d));
                from += PANEL_BYTES;
                to += 4 * PANEL_BYTES;
            }
        }
    }

    private static IntVector signedByte(IntVector w, int left) {
        return w.lanewise(VectorOperators.LSHL, left).lanewise(VectorOperators.ASHR, 24);
    }

    /// Q4_0 with `offset` -8 (times the scale), Q4_1 with minima: 4 words of 8 nibbles; the low ones are numbers 0 to
    /// 15, the high ones 16 to 31.
    ///
    /// @param minima of the blocks, or 0: then `offset` times the scale takes their place
    static void q4(long words, long scales, long minima, float offset, int blocks, long panel) {
        for (int i = 0; i < 2 * blocks; i++) {
            long side = (i & 1) * BYTES;
            FloatVector d = load(scales + (long) i * BYTES);
            FloatVector m = minima == 0 ? d.mul(offset) : load(minima + (long) i * BYTES);
            long from = words + (i >> 1) * 4L * PANEL_BYTES + side;
            long to = panel + (i >> 1) * 32L * PANEL_BYTES + side;
            for (int j = 0; j < 4; j++) {
                IntVector w = loadInts(from);
                IntVector low = w.and(0x0f0f0f0f);
                IntVector high = w.lanewise(VectorOperators.LSHR, 4).and(0x0f0f0f0f);
                quad(low, d, m, to);
                quad(high, d, m, to + 16 * PANEL_BYTES);
                from += PANEL_BYTES;
                to += 4 * PANEL_BYTES;
            }
        }
    }

    /// Q5_0 and Q5_1: a word with a fifth bit for each of 32 numbers, then as `q4`.
    static void q5(long words, long highBits, long scales, long minima, float offset, int blocks, long panel) {
        for (int i = 0; i < 2 * blocks; i++) {
            long side = (i & 1) * BYTES;
            FloatVector d = load(scales + (long) i * BYTES);
            FloatVector m = minima == 0 ? d.mul(offset) : load(minima + (long) i * BYTES);
            IntVector fifth = loadInts(highBits + (long) i * BYTES);
            long from = words + (i >> 1) * 4L * PANEL_BYTES + side;
            long to = panel + (i >> 1) * 32L * PANEL_BYTES + side;
            for (int j = 0; j < 4; j++) {
                IntVector w = loadInts(from);
                IntVector low = w.and(0x0f0f0f0f);
                IntVector high = w.lanewise(VectorOperators.LSHR, 4).and(0x0f0f0f0f);
                quad(low.or(fifthBits(fifth)), d, m, to);
                quad(high.or(fifthBits(fifth.lanewise(VectorOperators.LSHR, 16))), d, m, to + 16 * PANEL_BYTES);
                fifth = fifth.lanewise(VectorOperators.LSHR, 4);
                from += PANEL_BYTES;
                to += 4 * PANEL_BYTES;
            }
        }
    }

    /// The lowest four bits, each moved to the fifth bit of a byte of its own.
    private static IntVector fifthBits(IntVector bits) {
        return bits.and(1).lanewise(VectorOperators.LSHL, 4)
                .or(bits.and(2).lanewise(VectorOperators.LSHL, 11))
                .or(bits.and(4).lanewise(VectorOperators.LSHL, 18))
                .or(bits.and(8).lanewise(VectorOperators.LSHL, 25));
    }

    /// Four numbers a lane from four unsigned bytes: `q · d + m`.
    static void quad(IntVector w, FloatVector d, FloatVector m, long to) {
        store(to, toFloats(w.and(0xff)).fma(d, m));
        store(to + PANEL_BYTES, toFloats(w.lanewise(VectorOperators.LSHR, 8).and(0xff)).fma(d, m));
        store(to + 2 * PANEL_BYTES, toFloats(w.lanewise(VectorOperators.LSHR, 16).and(0xff)).fma(d, m));
        store(to + 3 * PANEL_BYTES, toFloats(w.lanewise(VectorOperators.LSHR, 24)).fma(d, m));
    }
}

package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Converts words of packed values (see `Stage`) to F32 rows of a panel: `q · scale + minimum`. A lane is a row of the
/// weight, so that scales and minima are vectors, too. A few loops serve all formats, since each must be compiled
/// before it is fast.
final class Unpack {
    private Unpack() { }

    /// Two groups of unsigned nibbles: the low ones of the words' bytes are one group, the high ones the other.
    ///
    /// @param scales the low group's scales (a row of a panel), `highScales` the high group's; minima likewise
    /// @param to the output for the low group's rows, `4 · count` of them; `highTo` likewise
    static void nibbles(long words, int count, long scales, long minima, long highScales, long highMinima,
            long to, long highTo) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector scale = FloatVector.fromMemorySegment(F, ALL, scales + side & ADDRESS, ORDER);
            FloatVector minimum = FloatVector.fromMemorySegment(F, ALL, minima + side & ADDRESS, ORDER);
            FloatVector highScale = FloatVector.fromMemorySegment(F, ALL, highScales + side & ADDRESS, ORDER);
            FloatVector highMinimum = FloatVector.fromMemorySegment(F, ALL, highMinima + side & ADDRESS, ORDER);
            for (int i = 0; i < count; i++) {
                long from = words + side + (long) i * PANEL_BYTES & ADDRESS;
                IntVector w = IntVector.fromMemorySegment(I, ALL, from, ORDER);
                for (int j = 0; j < 4; j++) {
                    long row = side + (4L * i + j) * PANEL_BYTES;
                    IntVector q = w.lanewise(LSHR, IntVector.broadcast(I, 8 * j));
                    FloatVector v = ((FloatVector) q.and(15).convert(I2F, 0)).fma(scale, minimum);
                    v.intoMemorySegment(ALL, to + row & ADDRESS, ORDER);
                    v = ((FloatVector) q.lanewise(LSHR, 4).and(15).convert(I2F, 0)).fma(highScale, highMinimum);
                    v.intoMemorySegment(ALL, highTo + row & ADDRESS, ORDER);
                }
            }
        }
    }

    /// A group of bytes, unsigned after the bits of `flip` are inverted.
    static void bytes(long words, int count, int flip, long scales, long minima, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector scale = FloatVector.fromMemorySegment(F, ALL, scales + side & ADDRESS, ORDER);
            FloatVector minimum = FloatVector.fromMemorySegment(F, ALL, minima + side & ADDRESS, ORDER);
            for (int i = 0; i < count; i++) {
                long from = words + side + (long) i * PANEL_BYTES & ADDRESS;
                IntVector w = IntVector.fromMemorySegment(I, ALL, from, ORDER).lanewise(XOR, flip);
                for (int j = 0; j < 4; j++) {
                    IntVector q = w.lanewise(LSHR, IntVector.broadcast(I, 8 * j)).and(255);
                    FloatVector v = ((FloatVector) q.convert(I2F, 0)).fma(scale, minimum);
                    v.intoMemorySegment(ALL, to + side + (4L * i + j) * PANEL_BYTES & ADDRESS, ORDER);
                }
            }
        }
    }

    /// A group of signed bytes: `q · scale`.
    static void signedBytes(long words, int count, long scales, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector scale = FloatVector.fromMemorySegment(F, ALL, scales + side & ADDRESS, ORDER);
            for (int i = 0; i < count; i++) {
                long from = words + side + (long) i * PANEL_BYTES & ADDRESS;
                IntVector w = IntVector.fromMemorySegment(I, ALL, from, ORDER);
                for (int j = 0; j < 4; j++) {
                    IntVector q = w.lanewise(LSHL, IntVector.broadcast(I, 24 - 8 * j)).lanewise(ASHR, 24);
                    FloatVector v = ((FloatVector) q.convert(I2F, 0)).mul(scale);
                    v.intoMemorySegment(ALL, to + side + (4L * i + j) * PANEL_BYTES & ADDRESS, ORDER);
                }
            }
        }
    }

    /// Converts the F16 value in the low (`shift` 16) or high half (0) of every word of `rows` rows of a panel, to rows
    /// `step` bytes apart. Shifted to the place of an F32, an F16 value is 2^112 times too small; infinity and NaN get
    /// the highest exponent.
    static void halves(long words, int rows, int shift, long to, long step) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < rows; i++) {
                long from = words + side + (long) i * PANEL_BYTES & ADDRESS;
                IntVector w = IntVector.fromMemorySegment(I, ALL, from, ORDER)
                        .lanewise(LSHL, IntVector.broadcast(I, shift));
                IntVector magnitude = w.and(0x7fff0000).lanewise(LSHR, 3);
                IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts()
                        .lanewise(OR, 0x7f800000, magnitude.compare(GE, 0x7c00 << 13));
                bits.or(w.and(0x80000000)).intoMemorySegment(ALL, to + side + i * step & ADDRESS, ORDER);
            }
        }
    }

    /// Two BF16 values a word.
    static void brains(long words, int count, long to) {
        for (int i = 0; i < 2 * count; i++) {
            IntVector w = IntVector.fromMemorySegment(I, ALL, words + (long) i * BYTES & ADDRESS, ORDER);
            // The two vectors of a row of the panel alternate.
            long row = to + (i >> 1) * 2L * PANEL_BYTES + (i & 1) * BYTES & ADDRESS;
            w.lanewise(LSHL, 16).intoMemorySegment(ALL, row, ORDER);
            w.and(0xffff0000).intoMemorySegment(ALL, row + PANEL_BYTES, ORDER);
        }
    }

    /// Computes `to = factor · from` for `rows` rows of a panel.
    static void scaled(long from, float factor, int rows, long to) {
        for (long i = 0; i < (long) rows * PANEL_BYTES; i += BYTES) {
            FloatVector.fromMemorySegment(F, ALL, from + i & ADDRESS, ORDER).mul(factor)
                    .intoMemorySegment(ALL, to + i & ADDRESS, ORDER);
        }
    }
}

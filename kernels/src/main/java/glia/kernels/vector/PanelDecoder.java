package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;
import static glia.kernels.vector.Simd.PANEL;
import static glia.kernels.vector.Simd.PANEL_BYTES;
import static glia.tensor.Memory.ALL;
import static jdk.incubator.vector.VectorOperators.*;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import glia.kernels.tiled.Scratch;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Decodes a part of a panel, `rows` rows of up to `DEPTH` values of a weight of any type, to F32 with rows as columns.
/// Not thread-safe.
final class PanelDecoder {
    /// Values of a row that are decoded at a time: one large block. The panel's part then fits the L1 cache.
    static final int DEPTH = 256;

    private static final long PART = (long) DEPTH * PANEL_BYTES;

    /// Groups of values with their own scale in a part.
    private static final int GROUPS = DEPTH / 16;

    private final Scratch scratch = new Scratch();
    private final float[] row = new float[DEPTH];
    private long words;
    private long scales;
    private long minima;
    private long tops;
    private long bytes;

    /// @param from the address of the first row
    /// @param count values of a row, up to `DEPTH`, whole blocks
    /// @param panel `DEPTH` rows; columns from `rows` on are not changed
    void decode(DType type, long from, long rowBytes, int rows, int count, long panel) {
        assert rows <= PANEL && count <= DEPTH;
        words = scratch.reserve(PART + (4 * GROUPS + 64) * PANEL_BYTES);
        scales = words + PART;
        minima = scales + GROUPS * PANEL_BYTES;
        tops = minima + GROUPS * PANEL_BYTES;
        bytes = tops + 2 * GROUPS * PANEL_BYTES;
        switch (type) {
            case F32 -> Stage.floats(from, rowBytes, rows, count, panel);
            case F16, BF16 -> sixteenBits(type, from, rowBytes, rows, count, words, panel);
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 -> blocksOf32(type, from, rowBytes, rows, count / 32, panel);
            case Q4_K -> q4k(from, rowBytes, rows, panel);
            case Q5_K -> q5k(from, rowBytes, rows, panel);
            case Q6_K -> q6k(from, rowBytes, rows, panel);
            default -> others(type, from, rowBytes, rows, count, panel);
        }
    }

    private void blocksOf32(DType type, long from, long rowBytes, int rows, int blocks, long panel) {
        int size = type.blockBytes();
        boolean five = type == DType.Q5_0 || type == DType.Q5_1;
        boolean minimum = type == DType.Q4_1 || type == DType.Q5_1;
        int head = minimum ? 4 : 2;
        int units = type == DType.Q8_0 ? 2 : 1;
        Stage.integers(from, rowBytes, rows, size, blocks, 0, words);
        Unpack.halves(words, blocks, 16, scales, PANEL_BYTES);
        if (minimum) {
            Unpack.halves(words, blocks, 0, minima, PANEL_BYTES);
        } else {
            Unpack.scaled(scales, type == DType.Q8_0 ? -128 : five ? -16 : -8, blocks, minima);
        }
        if (five) {
            Stage.integers(from, rowBytes, rows, size, blocks, head, tops);
        }
        for (int i = 0; i < units; i++) {
            long unit = from + (five ? head + 4 : head) + 16 * i;
            Stage.words(unit, rowBytes, rows, size, blocks, words + 4L * i * PANEL_BYTES, 4 * units);
        }
        for (int i = 0; i < blocks; i++) {
            long row = (long) i * PANEL_BYTES;
            long w = words + 4 * units * row;
            long to = panel + 32 * row;
            if (type == DType.Q8_0) {
                Unpack.bytes(w, 8, 0x80808080, scales + row, minima + row, to);
            } else if (five) {
                BitUnpack.fifthBits(w, tops + row, bytes);
                Unpack.bytes(bytes, 8, 0, scales + row, minima + row, to);
            } else {
                Unpack.nibbles(w, 4, scales + row, minima + row, scales + row, minima + row, to, to + 16 * PANEL_BYTES);
            }
        }
    }

    private void q4k(long from, long rowBytes, int rows, long panel) {
        Stage.words(from, rowBytes, rows, 16, 9, words, 4);
        groupScales();
        for (int i = 0; i < 4; i++) {
            long scale = scales + 2L * i * PANEL_BYTES;
            long minimum = minima + 2L * i * PANEL_BYTES;
            long to = panel + 64L * i * PANEL_BYTES;
            Unpack.nibbles(words + (4L + 8 * i) * PANEL_BYTES, 8, scale, minimum,
                    scale + PANEL_BYTES, minimum + PANEL_BYTES, to, to + 32 * PANEL_BYTES);
        }
    }

    private void q5k(long from, long rowBytes, int rows, long panel) {
        Stage.words(from, rowBytes, rows, 16, 11, words, 4);
        groupScales();
        for (int group = 0; group < 8; group++) {
            long row = (long) group * PANEL_BYTES;
            if (group % 2 == 0) {
                BitUnpack.fifthBitsOfGroups(words + 12 * PANEL_BYTES + 4 * row, words + 4 * PANEL_BYTES, group, bytes);
            }
            Unpack.bytes(bytes + group % 2 * 8 * PANEL_BYTES, 8, 0, scales + row, minima + row, panel + 32 * row);
        }
    }

    /// Computes scales and minima of the eight groups of Q4_K and Q5_K from words 1 to 3, times d and -dmin, the halves
    /// of word 0.
    private void groupScales() {
        long factors = tops;
        Unpack.halves(words, 1, 16, factors, 0);
        Unpack.halves(words, 1, 0, factors + PANEL_BYTES, 0);
        Unpack.scaled(factors + PANEL_BYTES, -1, 1, factors + PANEL_BYTES);
        BitUnpack.sixBitScales(words + PANEL_BYTES, bytes, bytes + 2 * PANEL_BYTES);
        Unpack.signedBytes(bytes, 2, factors, scales);
        Unpack.signedBytes(bytes + 2 * PANEL_BYTES, 2, factors + PANEL_BYTES, minima);
    }

    private void q6k(long from, long rowBytes, int rows, long panel) {
        Stage.words(from, rowBytes, rows, 16, 13, words, 4);
        Stage.integers(from, rowBytes, rows, 210, 1, 206, bytes);
        Unpack.halves(bytes, 1, 0, tops, 0);
        Unpack.signedBytes(words + 48 * PANEL_BYTES, 4, tops, scales);
        Unpack.scaled(scales, -32, 16, minima);
        BitUnpack.sixthBits(words, words + 32 * PANEL_BYTES, bytes);
        BitUnpack.sixthBits(words + 16 * PANEL_BYTES, words + 40 * PANEL_BYTES, bytes + 32 * PANEL_BYTES);
        for (int group = 0; group < 16; group++) {
            long row = (long) group * PANEL_BYTES;
            Unpack.bytes(bytes + 4 * row, 4, 0, scales + row, minima + row, panel + 16 * row);
        }
    }

    private static void sixteenBits(DType type, long from, long rowBytes, int rows, int count, long words, long panel) {
        int units = count / 8;
        Stage.words(from, rowBytes, rows, 16, units, words, 4);
        if (type == DType.F16) {
            Unpack.halves(words, 4 * units, 16, panel, 2 * PANEL_BYTES);
            Unpack.halves(words, 4 * units, 0, panel + PANEL_BYTES, 2 * PANEL_BYTES);
        } else {
            Unpack.brains(words, 4 * units, panel);
        }
        for (int r = 0; r < rows; r++) {
            for (int k = 8 * units; k < count; k++) {
                long at = from + r * rowBytes + 2L * k;
                int bits = Memory.ALL.get(Memory.I16, at);
                float v = type == DType.F16 ? Float.float16ToFloat((short) bits) : Float.intBitsToFloat(bits << 16);
                Memory.f32(panel + (long) k * PANEL_BYTES + 4L * r, v);
            }
        }
    }

    /// Decodes types without a kernel of their own, by the formats' definitions, a row at a time.
    private void others(DType type, long from, long rowBytes, int rows, int count, long panel) {
        for (int r = 0; r < rows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            for (int k = 0; k < count; k++) {
                Memory.f32(panel + (long) k * PANEL_BYTES + 4L * r, row[k]);
            }
        }
    }

    /// Decodes rows without transposing them: `rows` rows of `count` values to panels of `PANEL` columns, `partBytes`
    /// apart, value k of row r at row r, column `k % PANEL` of panel `k / PANEL`.
    void decodeStraight(DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes) {
        assert count <= DEPTH;
        for (int r = 0; r < rows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            for (int k = 0; k < count; k += PANEL) {
                long to = panels + k / PANEL * partBytes + (long) r * PANEL_BYTES;
                Memory.store(row, k, to, Math.min(PANEL, count - k));
            }
        }
    }

    /// Decodes rows to consecutive rows, without transposing them.
    void decodeRows(DType type, long from, long rowBytes, int rows, int count, long to) {
        int part = DEPTH / type.blockElements() * type.blockElements();
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < count; k += part) {
                int size = Math.min(part, count - k);
                Decode.toFloats(type, from + r * rowBytes + type.bytes(k), row, 0, size);
                Memory.store(row, 0, to + 4L * ((long) r * count + k), size);
            }
        }
    }

    /// Assembles values whose bits are in several words to bytes, four values at a time.
    static final class BitUnpack {
        private static final int NIBBLES = 0x0f0f0f0f;
        private static final int FIFTH = 0x10101010;
        private static final int SIXTHS = 0x30303030;

        private BitUnpack() { }

        /// Q5_0 and Q5_1: unpacks four words of nibbles, the low ones values 0 to 15 and the high ones 16 to 31, and
        /// bit i of the word `fifths` for value i, to eight words of bytes.
        static void fifthBits(long nibbles, long fifths, long to) {
            for (int side = 0; side < PANEL_BYTES; side += BYTES) {
                IntVector bits = IntVector.fromMemorySegment(I, ALL, fifths + side & ADDRESS, ORDER);
                for (int i = 0; i < 4; i++) {
                    long row = side + (long) i * PANEL_BYTES;
                    IntVector w = IntVector.fromMemorySegment(I, ALL, nibbles + row & ADDRESS, ORDER);
                    // Four bits become the fifth bits of four bytes: copies at distances of 7 bits, each byte keeping
                    // another.
                    IntVector four = bits.lanewise(LSHR, IntVector.broadcast(I, 4 * i)).and(15);
                    IntVector q = w.and(NIBBLES).or(four.mul(0x02040810).and(FIFTH));
                    q.intoMemorySegment(ALL, to + row & ADDRESS, ORDER);
                    four = bits.lanewise(LSHR, IntVector.broadcast(I, 4 * i + 16)).and(15);
                    q = w.lanewise(LSHR, 4).and(NIBBLES).or(four.mul(0x02040810).and(FIFTH));
                    q.intoMemorySegment(ALL, to + row + 4 * PANEL_BYTES & ADDRESS, ORDER);
                }
            }
        }

        /// Q5_K: unpacks eight words of nibbles, the low ones a group of 32 values and the high ones the next, and bits
        /// `group` and `group + 1` of the bytes of eight words `fifths`, to sixteen words of bytes.
        static void fifthBitsOfGroups(long nibbles, long fifths, int group, long to) {
            for (int side = 0; side < PANEL_BYTES; side += BYTES) {
                for (int i = 0; i < 8; i++) {
                    long row = side + (long) i * PANEL_BYTES;
                    IntVector w = IntVector.fromMemorySegment(I, ALL, nibbles + row & ADDRESS, ORDER);
                    IntVector bits = IntVector.fromMemorySegment(I, ALL, fifths + row & ADDRESS, ORDER)
                            .lanewise(LSHR, IntVector.broadcast(I, group));
                    IntVector q = w.and(NIBBLES).or(bits.lanewise(LSHL, 4).and(FIFTH));
                    q.intoMemorySegment(ALL, to + row & ADDRESS, ORDER);
                    q = w.lanewise(LSHR, 4).and(NIBBLES).or(bits.lanewise(LSHL, 3).and(FIFTH));
                    q.intoMemorySegment(ALL, to + row + 8 * PANEL_BYTES & ADDRESS, ORDER);
                }
            }
        }

        /// Q6_K: unpacks 16 words of low bits, whose bytes' low halves are 64 values and high halves the next 64, and 8
        /// words with two high bits of four runs of 32 values, to 32 words of bytes.
        static void sixthBits(long low, long high, long to) {
            for (int side = 0; side < PANEL_BYTES; side += BYTES) {
                for (int i = 0; i < 8; i++) {
                    long row = side + (long) i * PANEL_BYTES;
                    IntVector a = IntVector.fromMemorySegment(I, ALL, low + row & ADDRESS, ORDER);
                    IntVector b = IntVector.fromMemorySegment(I, ALL, low + row + 8 * PANEL_BYTES & ADDRESS, ORDER);
                    IntVector h = IntVector.fromMemorySegment(I, ALL, high + row & ADDRESS, ORDER);
                    a.and(NIBBLES).or(h.lanewise(LSHL, 4).and(SIXTHS))
                            .intoMemorySegment(ALL, to + row & ADDRESS, ORDER);
                    b.and(NIBBLES).or(h.lanewise(LSHL, 2).and(SIXTHS))
                            .intoMemorySegment(ALL, to + row + 8 * PANEL_BYTES & ADDRESS, ORDER);
                    a.lanewise(LSHR, 4).and(NIBBLES).or(h.and(SIXTHS))
                            .intoMemorySegment(ALL, to + row + 16 * PANEL_BYTES & ADDRESS, ORDER);
                    b.lanewise(LSHR, 4).and(NIBBLES).or(h.lanewise(LSHR, 2).and(SIXTHS))
                            .intoMemorySegment(ALL, to + row + 24 * PANEL_BYTES & ADDRESS, ORDER);
                }
            }
        }

        /// Unpacks the 6-bit scales and minima of eight groups (Q4_K, Q5_K) from three words to two words of bytes
        /// each. The first four are the low bits of words 0 and 1; the others have their low bits in word 2 and their
        /// high bits on top of the first four.
        static void sixBitScales(long words, long scales, long minima) {
            for (int side = 0; side < PANEL_BYTES; side += BYTES) {
                IntVector s = IntVector.fromMemorySegment(I, ALL, words + side & ADDRESS, ORDER);
                IntVector m = IntVector.fromMemorySegment(I, ALL, words + side + PANEL_BYTES & ADDRESS, ORDER);
                IntVector rest = IntVector.fromMemorySegment(I, ALL, words + side + 2 * PANEL_BYTES & ADDRESS, ORDER);
                s.and(0x3f3f3f3f).intoMemorySegment(ALL, scales + side & ADDRESS, ORDER);
                m.and(0x3f3f3f3f).intoMemorySegment(ALL, minima + side & ADDRESS, ORDER);
                rest.and(NIBBLES).or(s.lanewise(LSHR, 2).and(SIXTHS))
                        .intoMemorySegment(ALL, scales + side + PANEL_BYTES & ADDRESS, ORDER);
                rest.lanewise(LSHR, 4).and(NIBBLES).or(m.lanewise(LSHR, 2).and(SIXTHS))
                        .intoMemorySegment(ALL, minima + side + PANEL_BYTES & ADDRESS, ORDER);
            }
        }
    }

    /// Converts words of packed values (see `Stage`) to F32 rows of a panel: `q · scale + minimum`. A lane is a row of
    /// the weight, so that scales and minima are vectors, too. A few loops serve all formats, since each must be
    /// compiled before it is fast.
    static final class Unpack {
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

        /// Converts the F16 value in the low (`shift` 16) or high half (0) of every word of `rows` rows of a panel, to
        /// rows `step` bytes apart. Shifted to the place of an F32, an F16 value is 2^112 times too small; infinity and
        /// NaN get the highest exponent.
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
}

package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.IntVector;

/// Assembles values whose bits are in several words to bytes, four values at a time.
final class BitUnpack {
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int FIFTH = 0x10101010;
    private static final int SIXTHS = 0x30303030;

    private BitUnpack() { }

    /// Q5_0 and Q5_1: unpacks four words of nibbles, the low ones values 0 to 15 and the high ones 16 to 31, and bit i
    /// of the word `fifths` for value i, to eight words of bytes.
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

    /// Unpacks the 6-bit scales and minima of eight groups (Q4_K, Q5_K) from three words to two words of bytes each.
    /// The first four are the low bits of words 0 and 1; the others have their low bits in word 2 and their high bits
    /// on top of the first four.
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

package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;
import static glia.tensor.kernel.vector.Simd.loadInts;

import glia.tensor.Memory;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Puts numbers whose bits lie in several words together to a byte each, four numbers at a time.
final class Words {
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int FIFTH = 0x10101010;
    private static final int SIXTHS = 0x30303030;

    private Words() { }

    private static void store(long address, IntVector v) {
        v.intoMemorySegment(Memory.ALL, Simd.address(address), Simd.ORDER);
    }

    /// Q5_0 and Q5_1: four words of nibbles, the low ones numbers 0 to 15 and the high ones 16 to 31, and bit i of the
    /// word `fifths` for number i, become eight words of bytes.
    static void fifthBits(long nibbles, long fifths, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            IntVector bits = loadInts(fifths + side);
            for (int i = 0; i < 4; i++) {
                IntVector w = loadInts(nibbles + side + (long) i * PANEL_BYTES);
                // Four bits spread to the fifth of four bytes: copies at distances of 7 bits, of which each byte keeps
                // another.
                IntVector low = bits.and(15).mul(0x02040810).and(FIFTH);
                IntVector high = bits.lanewise(VectorOperators.LSHR, 16).and(15).mul(0x02040810).and(FIFTH);
                store(to + side + (long) i * PANEL_BYTES, w.and(NIBBLES).or(low));
                w = w.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(high);
                store(to + side + (long) (i + 4) * PANEL_BYTES, w);
                bits = bits.lanewise(VectorOperators.LSHR, 4);
            }
        }
    }

    /// Q5_K: eight words of nibbles, the low ones a group of 32 numbers and the high ones the next, and the two lowest
    /// bits of the bytes of eight words `fifths`, become sixteen words of bytes. The bits are then shifted out.
    static void fifthBitsOfGroups(long nibbles, long fifths, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < 8; i++) {
                IntVector w = loadInts(nibbles + side + (long) i * PANEL_BYTES);
                IntVector bits = loadInts(fifths + side + (long) i * PANEL_BYTES);
                IntVector low = bits.lanewise(VectorOperators.LSHL, 4).and(FIFTH);
                IntVector high = bits.lanewise(VectorOperators.LSHL, 3).and(FIFTH);
                store(to + side + (long) i * PANEL_BYTES, w.and(NIBBLES).or(low));
                w = w.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(high);
                store(to + side + (long) (i + 8) * PANEL_BYTES, w);
                store(fifths + side + (long) i * PANEL_BYTES, bits.lanewise(VectorOperators.LSHR, 2));
            }
        }
    }

    /// Q6_K: 16 words of low bits, the low halves of whose bytes are 64 numbers and the high halves the next 64, and 8
    /// words with two high bits of four runs of 32 numbers, become 32 words of bytes.
    static void sixthBits(long low, long high, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < 8; i++) {
                long row = side + (long) i * PANEL_BYTES;
                IntVector a = loadInts(low + row);
                IntVector b = loadInts(low + row + 8 * PANEL_BYTES);
                IntVector h = loadInts(high + row);
                IntVector top = h.lanewise(VectorOperators.LSHL, 4).and(SIXTHS);
                store(to + row, a.and(NIBBLES).or(top));
                top = h.lanewise(VectorOperators.LSHL, 2).and(SIXTHS);
                store(to + row + 8 * PANEL_BYTES, b.and(NIBBLES).or(top));
                top = h.and(SIXTHS);
                store(to + row + 16 * PANEL_BYTES, a.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(top));
                top = h.lanewise(VectorOperators.LSHR, 2).and(SIXTHS);
                store(to + row + 24 * PANEL_BYTES, b.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(top));
            }
        }
    }

    /// The 6-bit scales and minima of eight groups (Q4_K, Q5_K) from three words to two words of bytes each. The first
    /// four are the low bits of words 0 and 1; the others have their low bits in word 2 and their high bits on top of
    /// the first four.
    static void sixBitScales(long words, long scales, long minima) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            IntVector s = loadInts(words + side);
            IntVector m = loadInts(words + side + PANEL_BYTES);
            IntVector rest = loadInts(words + side + 2 * PANEL_BYTES);
            store(scales + side, s.and(0x3f3f3f3f));
            store(minima + side, m.and(0x3f3f3f3f));
            IntVector high = s.lanewise(VectorOperators.LSHR, 2).and(SIXTHS);
            store(scales + side + PANEL_BYTES, rest.and(NIBBLES).or(high));
            high = m.lanewise(VectorOperators.LSHR, 2).and(SIXTHS);
            store(minima + side + PANEL_BYTES, rest.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(high));
        }
    }
}

package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.I;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;
import static glia.tensor.kernel.vector.Simd.loadInts;

import glia.tensor.Memory;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Puts numbers whose bits lie in several words together to a byte each, four numbers at a time.
final class Words {
    private static final int NIBBLES = 0x0f0f0f0f;

    private Words() { }

    private static void store(long address, IntVector v) {
        v.intoMemorySegment(Memory.ALL, Simd.address(address), Simd.ORDER);
    }

    /// Q5_0 and Q5_1: four words of nibbles, the low ones numbers 0 to 15 and the high ones 16 to 31, and bit i of the
    /// word `fifths` for number i, become eight words of bytes.
    static void fifthBits(long nibbles, long fifths, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            IntVector bits = loadInts(fifths + side);
            for (int i = 0; i < 8; i++) {
                // Four bits spread to the lowest of four bytes: copies at distances of 7 bits, of which each byte keeps
                // another.
                IntVector spread = bits.and(15).mul(0x00204081).and(0x01010101);
                IntVector w = loadInts(nibbles + side + (long) (i & 3) * PANEL_BYTES);
                IntVector q = w.lanewise(VectorOperators.LSHR, i & 4).and(NIBBLES);
                store(to + side + (long) i * PANEL_BYTES, q.or(spread.lanewise(VectorOperators.LSHL, 4)));
                bits = bits.lanewise(VectorOperators.LSHR, 4);
            }
        }
    }

    /// Q5_K: eight words of nibbles, the low ones group `group` of 32 numbers and the high ones the next, and bit
    /// `group` of the bytes of eight words `fifths`, become sixteen words of bytes.
    static void fifthBitsOfGroups(long nibbles, long fifths, int group, long to) {
        IntVector one = IntVector.broadcast(I, 0x01010101);
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < 16; i++) {
                IntVector w = loadInts(nibbles + side + (long) (i & 7) * PANEL_BYTES);
                IntVector bits = loadInts(fifths + side + (long) (i & 7) * PANEL_BYTES);
                IntVector fifth = bits.lanewise(VectorOperators.LSHR, group + (i >> 3)).and(one);
                IntVector q = w.lanewise(VectorOperators.LSHR, i >> 3 << 2).and(NIBBLES);
                store(to + side + (long) i * PANEL_BYTES, q.or(fifth.lanewise(VectorOperators.LSHL, 4)));
            }
        }
    }

    /// Q6_K: of each half of a block 16 words of low bits, the low halves of whose bytes are 64 numbers and the high
    /// halves the next 64, and 8 words with two high bits of four runs of 32 numbers; they become 64 words of bytes.
    static void sixthBits(long low, long high, long to) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int i = 0; i < 64; i++) {
                int half = i >> 5;
                int run = i >> 3 & 3;
                IntVector w = loadInts(low + side + (long) (16 * half + (i & 15)) * PANEL_BYTES);
                IntVector bits = loadInts(high + side + (long) (8 * half + (i & 7)) * PANEL_BYTES);
                IntVector q = w.lanewise(VectorOperators.LSHR, run >> 1 << 2).and(NIBBLES);
                IntVector top = bits.lanewise(VectorOperators.LSHR, 2 * run).and(0x03030303);
                store(to + side + (long) i * PANEL_BYTES, q.or(top.lanewise(VectorOperators.LSHL, 4)));
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
            IntVector high = s.lanewise(VectorOperators.LSHR, 2).and(0x30303030);
            store(scales + side + PANEL_BYTES, rest.and(NIBBLES).or(high));
            high = m.lanewise(VectorOperators.LSHR, 2).and(0x30303030);
            store(minima + side + PANEL_BYTES, rest.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(high));
        }
    }
}

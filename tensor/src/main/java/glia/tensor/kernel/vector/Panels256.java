package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.loadInts;
import static glia.tensor.kernel.vector.Simd.toFloats;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Decodes one block of 256 numbers of each row of a panel from staged words (see `Stage`): ggml's Q4_K, Q5_K, Q6_K.
final class Panels256 {
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int SIX_BITS = 0x3f3f3f3f;

    private Panels256() { }

    /// Q4_K: word 0 holds d and dmin, 1 to 3 the 6-bit scales and minima, 4 to 35 the nibbles.
    static void q4k(long words, long scales, long minima, long panel) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int half = 0; half < 2; half++) {
                IntVector sc = groupBytes(words + side, half, 1, 0);
                IntVector mn = groupBytes(words + side, half, 2, 4);
                FloatVector d = load(scales + side);
                FloatVector dmin = load(minima + side).neg();
                for (int pair = 0; pair < 2; pair++) {
                    FloatVector d0 = toFloats(sc.and(0xff)).mul(d);
                    FloatVector m0 = toFloats(mn.and(0xff)).mul(dmin);
                    FloatVector d1 = toFloats(sc.lanewise(VectorOperators.LSHR, 8).and(0xff)).mul(d);
                    FloatVector m1 = toFloats(mn.lanewise(VectorOperators.LSHR, 8).and(0xff)).mul(dmin);
                    long from = words + side + (4 + 8 * (2 * half + pair)) * PANEL_BYTES;
                    long to = panel + side + 64 * (2 * half + pair) * PANEL_BYTES;
                    for (int j = 0; j < 8; j++) {
                        IntVector w = loadInts(from);
                        Panels32.quad(w.and(NIBBLES), d0, m0, to);
                        Panels32.quad(w.lanewise(VectorOperators.LSHR, 4).and(NIBBLES), d1, m1, to + 32 * PANEL_BYTES);
                        from += PANEL_BYTES;
                        to += 4 * PANEL_BYTES;
                    }
                    sc = sc.lanewise(VectorOperators.LSHR, 16);
                    mn = mn.lanewise(VectorOperators.LSHR, 16);
                }
            }
        }
    }

    /// Q5_K: as Q4_K, with 8 words of fifth bits between scales and nibbles: bit g of byte l belongs to number l of
    /// group g.
    static void q5k(long words, long scales, long minima, long panel) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            for (int half = 0; half < 2; half++) {
                IntVector sc = groupBytes(words + side, half, 1, 0);
                IntVector mn = groupBytes(words + side, half, 2, 4);
                FloatVector d = load(scales + side);
                FloatVector dmin = load(minima + side).neg();
                for (int pair = 0; pair < 2; pair++) {
                    FloatVector d0 = toFloats(sc.and(0xff)).mul(d);
                    FloatVector m0 = toFloats(mn.and(0xff)).mul(dmin);
                    FloatVector d1 = toFloats(sc.lanewise(VectorOperators.LSHR, 8).and(0xff)).mul(d);
                    FloatVector m1 = toFloats(mn.lanewise(VectorOperators.LSHR, 8).and(0xff)).mul(dmin);
                    int group = 4 * half + 2 * pair;
                    long from = words + side + (12 + 4 * group) * PANEL_BYTES;
                    long high = words + side + 4 * PANEL_BYTES;
                    long to = panel + side + 32 * group * PANEL_BYTES;
                    for (int j = 0; j < 8; j++) {
                        IntVector w = loadInts(from);
                        IntVector bits = loadInts(high).lanewise(VectorOperators.LSHR, group);
                        IntVector fifth0 = bits.and(0x01010101).lanewise(VectorOperators.LSHL, 4);
                        IntVector fifth1 = bits.and(0x02020202).lanewise(VectorOperators.LSHL, 3);
                        Panels32.quad(w.and(NIBBLES).or(fifth0), d0, m0, to);
                        Panels32.quad(w.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(fifth1), d1, m1,
                                to + 32 * PANEL_BYTES);
                        from += PANEL_BYTES;
                        high += PANEL_BYTES;
                        to += 4 * PANEL_BYTES;
                    }
                    sc = sc.lanewise(VectorOperators.LSHR, 16);
                    mn = mn.lanewise(VectorOperators.LSHR, 16);
                }
            }
        }
    }

    /// The 6-bit scales (`word` 1, `shift` 0) or minima (2, 4) of groups 0 to 3 or 4 to 7, a byte each. The first four
    /// are the low bits of a word; the others have their low bits in word 3 and their high bits on top of the first.
    private static IntVector groupBytes(long words, int half, int word, int shift) {
        IntVector own = loadInts(words + (long) word * PANEL_BYTES);
        if (half == 0) {
            return own.and(SIX_BITS);
        }
        IntVector low = loadInts(words + 3L * PANEL_BYTES).lanewise(VectorOperators.LSHR, shift).and(NIBBLES);
        return low.or(own.lanewise(VectorOperators.LSHR, 2).and(0x30303030));
    }

    /// Q6_K: 32 words of low bits, 16 of high bits, 4 of signed scales for 16 numbers each. Half of the block: 64 bytes
    /// of low bits hold two runs of 32 numbers in their low halves and the next two in their high halves; 32 bytes hold
    /// the high bits of the four runs, two each.
    static void q6k(long words, long scales, long panel) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            FloatVector d = load(scales + side);
            for (int i = 0; i < 4; i++) {
                // Sixteen numbers of each of the four runs of one half: i / 2 is the half, i % 2 the sixteen.
                int half = i >> 1;
                int part = i & 1;
                long low = words + side + (16 * half + 4 * part) * PANEL_BYTES;
                long high = words + side + (32 + 8 * half + 4 * part) * PANEL_BYTES;
                long to = panel + side + (128 * half + 16 * part) * PANEL_BYTES;
                IntVector first = loadInts(words + side + (48 + 2 * half) * PANEL_BYTES);
                IntVector second = loadInts(words + side + (49 + 2 * half) * PANEL_BYTES);
                int up = 24 - 8 * part;
                FloatVector d0 = scale(first, up, d);
                FloatVector d1 = scale(first, up - 16, d);
                FloatVector d2 = scale(second, up, d);
                FloatVector d3 = scale(second, up - 16, d);
                for (int j = 0; j < 4; j++) {
                    IntVector a = loadInts(low);
                    IntVector b = loadInts(low + 8 * PANEL_BYTES);
                    IntVector h = loadInts(high);
                    IntVector q0 = a.and(NIBBLES).or(h.and(0x03030303).lanewise(VectorOperators.LSHL, 4));
                    IntVector q1 = b.and(NIBBLES).or(h.and(0x0c0c0c0c).lanewise(VectorOperators.LSHL, 2));
                    IntVector q2 = a.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(h.and(0x30303030));
                    IntVector q3 = b.lanewise(VectorOperators.LSHR, 4).and(NIBBLES)
                            .or(h.lanewise(VectorOperators.LSHR, 2).and(0x30303030));
                    Panels32.quad(q0, d0, d0.mul(-32f), to);
                    Panels32.quad(q1, d1, d1.mul(-32f), to + 32 * PANEL_BYTES);
                    Panels32.quad(q2, d2, d2.mul(-32f), to + 64 * PANEL_BYTES);
                    Panels32.quad(q3, d3, d3.mul(-32f), to + 96 * PANEL_BYTES);
                    low += PANEL_BYTES;
                    high += PANEL_BYTES;
                    to += 4 * PANEL_BYTES;
                }
            }
        }
    }

    /// `d` times the signed byte that a shift by `up` (0 to 24) brings to the top.
    private static FloatVector scale(IntVector w, int up, FloatVector d) {
        IntVector signed = w.lanewise(VectorOperators.LSHL, up).lanewise(VectorOperators.ASHR, 24);
        return toFloats(signed).mul(d);
    }
}

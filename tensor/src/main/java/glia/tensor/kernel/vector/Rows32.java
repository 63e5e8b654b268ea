package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.sum;
import static glia.tensor.kernel.vector.Simd.toFloats;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Products of packed rows with one vector of F32 activations, for the formats with a scale for each 32 numbers:
/// `y[r] = Σ_b d_b · (Σ q·x + offset · Σ x)`. Two rows at a time share the loads of the activations; the last row of an
/// odd number is done twice.
///
/// All take: the address of the rows, bytes of a row, the number of rows, the activations, their sums of 32 each, the
/// number of blocks in a row, and where the results go.
final class Rows32 {
    private Rows32() { }

    static void q8p0(long w, long rowBytes, int rows, long x, int blocks, long y) {
        for (int r = 0; r < rows; r += 2) {
            int other = Math.min(r + 1, rows - 1);
            long a = w + r * rowBytes;
            long b = w + other * rowBytes;
            long at = x;
            FloatVector sumA = zero();
            FloatVector sumB = zero();
            for (int i = 0; i < blocks; i++) {
                FloatVector dotA = zero();
                FloatVector dotB = zero();
                for (int j = 0; j < 32; j += LANES) {
                    FloatVector v = load(at + 4 * j);
                    dotA = toFloats(Bytes.signed(a + 2 + j)).fma(v, dotA);
                    dotB = toFloats(Bytes.signed(b + 2 + j)).fma(v, dotB);
                }
                sumA = dotA.fma(half(a), sumA);
                sumB = dotB.fma(half(b), sumB);
                a += 34;
                b += 34;
                at += 128;
            }
            Memory.f32(y + 4L * r, sum(sumA));
            Memory.f32(y + 4L * other, sum(sumB));
        }
    }

    /// Q4_0: nibbles less 8.
    static void q4p0(long w, long rowBytes, int rows, long x, long sums, int blocks, long y) {
        for (int r = 0; r < rows; r += 2) {
            int other = Math.min(r + 1, rows - 1);
            long a = w + r * rowBytes;
            long b = w + other * rowBytes;
            long at = x;
            float offsetA = 0;
            float offsetB = 0;
            FloatVector sumA = zero();
            FloatVector sumB = zero();
            for (int i = 0; i < blocks; i++) {
                FloatVector dotA = zero();
                FloatVector dotB = zero();
                for (int j = 0; j < 16; j += LANES) {
                    FloatVector low = load(at + 4 * j);
                    FloatVector high = load(at + 64 + 4 * j);
                    IntVector q = Bytes.unsigned(a + 2 + j);
                    dotA = lowNibbles(q).fma(low, highNibbles(q).fma(high, dotA));
                    q = Bytes.unsigned(b + 2 + j);
                    dotB = lowNibbles(q).fma(low, highNibbles(q).fma(high, dotB));
                }
                float scaleA = Memory.f16(Simd.address(a));
                float scaleB = Memory.f16(Simd.address(b));
                float s = Memory.f32(Simd.address(sums + 4L * i));
                offsetA = Math.fma(scaleA, s, offsetA);
                offsetB = Math.fma(scaleB, s, offsetB);
                sumA = dotA.fma(FloatVector.broadcast(Simd.F, scaleA), sumA);
                sumB = dotB.fma(FloatVector.broadcast(Simd.F, scaleB), sumB);
                a += 18;
                b += 18;
                at += 128;
            }
            Memory.f32(y + 4L * r, sum(sumA) - 8 * offsetA);
            Memory.f32(y + 4L * other, sum(sumB) - 8 * offsetB);
        }
    }

    /// Q4_1: nibbles and a minimum.
    static void q4p1(long w, long rowBytes, int rows, long x, long sums, int blocks, long y) {
        for (int r = 0; r < rows; r += 2) {
            int other = Math.min(r + 1, rows - 1);
            long a = w + r * rowBytes;
            long b = w + other * rowBytes;
            long at = x;
            float offsetA = 0;
            float offsetB = 0;
            FloatVector sumA = zero();
            FloatVector sumB = zero();
            for (int i = 0; i < blocks; i++) {
                FloatVector dotA = zero();
                FloatVector dotB = zero();
                for (int j = 0; j < 16; j += LANES) {
                    FloatVector low = load(at + 4 * j);
                    FloatVector high = load(at + 64 + 4 * j);
                    IntVector q = Bytes.unsigned(a + 4 + j);
                    dotA = lowNibbles(q).fma(low, highNibbles(q).fma(high, dotA));
                    q = Bytes.unsigned(b + 4 + j);
                    dotB = lowNibbles(q).fma(low, highNibbles(q).fma(high, dotB));
                }
                float s = Memory.f32(Simd.address(sums + 4L * i));
                offsetA = Math.fma(Memory.f16(Simd.address(a + 2)), s, offsetA);
                offsetB = Math.fma(Memory.f16(Simd.address(b + 2)), s, offsetB);
                sumA = dotA.fma(half(a), sumA);
                sumB = dotB.fma(half(b), sumB);
                a += 20;
                b += 20;
                at += 128;
            }
            Memory.f32(y + 4L * r, sum(sumA) + offsetA);
            Memory.f32(y + 4L * other, sum(sumB) + offsetB);
        }
    }

    /// Q5_0: nibbles and a fifth bit, less 16.
    static void q5p0(long w, long rowBytes, int rows, long x, long sums, int blocks, long y) {
        for (int r = 0; r < rows; r += 2) {
            int other = Math.min(r + 1, rows - 1);
            long a = w + r * rowBytes;
            long b = w + other * rowBytes;
            long at = x;
            float offsetA = 0;
            float offsetB = 0;
            FloatVector sumA = zero();
            FloatVector sumB = zero();
            for (int i = 0; i < blocks; i++) {
                FloatVector dotA = zero();
                FloatVector dotB = zero();
                int bitsA = Memory.i32(Simd.address(a + 2));
                int bitsB = Memory.i32(Simd.address(b + 2));
                for (int j = 0; j < 16; j += LANES) {
                    FloatVector low = load(at + 4 * j);
                    FloatVector high = load(at + 64 + 4 * j);
                    IntVector q = Bytes.unsigned(a + 6 + j);
                    dotA = fiveLow(q, bitsA >>> j).fma(low, fiveHigh(q, bitsA >>> j + 16).fma(high, dotA));
                    q = Bytes.unsigned(b + 6 + j);
                    dotB = fiveLow(q, bitsB >>> j).fma(low, fiveHigh(q, bitsB >>> j + 16).fma(high, dotB));
                }
                float scaleA = Memory.f16(Simd.address(a));
                float scaleB = Memory.f16(Simd.address(b));
                float s = Memory.f32(Simd.address(sums + 4L * i));
                offsetA = Math.fma(scaleA, s, offsetA);
                offsetB = Math.fma(scaleB, s, offsetB);
                sumA = dotA.fma(FloatVector.broadcast(Simd.F, scaleA), sumA);
                sumB = dotB.fma(FloatVector.broadcast(Simd.F, scaleB), sumB);
                a += 22;
                b += 22;
                at += 128;
            }
            Memory.f32(y + 4L * r, sum(sumA) - 16 * offsetA);
            Memory.f32(y + 4L * other, sum(sumB) - 16 * offsetB);
        }
    }

    private static FloatVector fiveLow(IntVector q, int bits) {
        return toFloats(q.and(15).or(fifth(bits)));
    }

    private static FloatVector fiveHigh(IntVector q, int bits) {
        return toFloats(q.lanewise(VectorOperators.LSHR, 4).or(fifth(bits)));
    }

    /// Bit i of `bits` as 16 in lane i.
    private static IntVector fifth(int bits) {
        return IntVector.broadcast(Simd.I, bits).lanewise(VectorOperators.LSHR, Bytes.INDEX).and(1)
                .lanewise(VectorOperators.LSHL, 4);
    }

    static FloatVector lowNibbles(IntVector q) {
        return toFloats(q.and(15));
    }

    static FloatVector highNibbles(IntVector q) {
        return toFloats(q.lanewise(VectorOperators.LSHR, 4));
    }

    /// The half-precision number at an address, in every lane.
    static FloatVector half(long address) {
        return FloatVector.broadcast(Simd.F, Memory.f16(Simd.address(address)));
    }
}

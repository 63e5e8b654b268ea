package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Rows32.highNibbles;
import static glia.tensor.kernel.vector.Rows32.lowNibbles;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.broadcast;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.sum;
import static glia.tensor.kernel.vector.Simd.toFloats;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Products of packed rows of ggml's Q4_K and Q6_K with one vector of F32 activations. The scales of a block are
/// decoded as a vector and go through a small scratch memory, from which each is broadcast by a load.
final class Rows256 {
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows256() { }

    /// @param sums the activations' sums of 32 each
    /// @param scratch 128 bytes
    static void q4k(long w, long rowBytes, int rows, long x, long sums, int blocks, long y, long scratch) {
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            long at = x;
            long s = sums;
            FloatVector total = zero();
            FloatVector offsets = FloatVector.zero(FloatVector.SPECIES_256);
            for (int i = 0; i < blocks; i++) {
                float d = Memory.f16(Simd.address(a));
                float dmin = Memory.f16(Simd.address(a + 2));
                unpack(a + 4, scratch);
                Bytes.storeEight(scratch + 64, Bytes.eightFloats(scratch).mul(d));
                offsets = Bytes.eightFloats(scratch + 16).mul(dmin).fma(Bytes.loadEight(s), offsets);
                for (int group = 0; group < 8; group += 2) {
                    FloatVector dot0 = zero();
                    FloatVector dot1 = zero();
                    for (int j = 0; j < 32; j += LANES) {
                        IntVector q = Bytes.unsigned(a + 16 + 16 * group + j);
                        dot0 = lowNibbles(q).fma(load(at + 4 * j), dot0);
                        dot1 = highNibbles(q).fma(load(at + 128 + 4 * j), dot1);
                    }
                    total = dot0.fma(broadcast(scratch + 64 + 4 * group), total);
                    total = dot1.fma(broadcast(scratch + 68 + 4 * group), total);
                    at += 256;
                }
                a += 144;
                s += 32;
            }
            Memory.f32(y + 4L * r, sum(total) - Bytes.sumEight(offsets));
        }
    }

    /// The eight 6-bit scales to bytes 0 to 7 of scratch, the eight minima to bytes 16 to 23.
    private static void unpack(long packed, long scratch) {
        int w0 = Memory.i32(Simd.address(packed));
        int w1 = Memory.i32(Simd.address(packed + 4));
        int w2 = Memory.i32(Simd.address(packed + 8));
        long scales = w0 & 0x3f3f3f3f | (w2 & 0x0f0f0f0fL | w0 >>> 2 & 0x30303030L) << 32;
        long minima = w1 & 0x3f3f3f3f | (w2 >>> 4 & 0x0f0f0f0fL | w1 >>> 2 & 0x30303030L) << 32;
        Memory.ALL.set(I64, Simd.address(scratch), scales);
        Memory.ALL.set(I64, Simd.address(scratch + 16), minima);
    }

    /// @param sums the activations' sums of 16 each
    /// @param scratch 64 bytes
    static void q6k(long w, long rowBytes, int rows, long x, long sums, int blocks, long y, long scratch) {
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            long at = x;
            long s = sums;
            FloatVector total = zero();
            FloatVector offsets = zero();
            for (int i = 0; i < blocks; i++) {
                float d = Memory.f16(Simd.address(a + 208));
                for (int j = 0; j < 16; j += LANES) {
                    FloatVector scales = toFloats(Bytes.signed(a + 192 + j)).mul(d);
                    offsets = scales.fma(load(s + 4 * j), offsets);
                    store(scratch + 4 * j, scales);
                }
                for (int part = 0; part < 4; part++) {
                    long low = a + (part >> 1) * 64 + (part & 1) * 16;
                    long high = a + 128 + part * 16;
                    long from = at + (part >> 1) * 512 + (part & 1) * 64;
                    long scale = scratch + (part >> 1) * 32 + (part & 1) * 4;
                    FloatVector dot0 = zero();
                    FloatVector dot1 = zero();
                    FloatVector dot2 = zero();
                    FloatVector dot3 = zero();
                    for (int j = 0; j < 16; j += LANES) {
                        IntVector p = Bytes.unsigned(low + j);
                        IntVector q = Bytes.unsigned(low + 32 + j);
                        IntVector h = Bytes.unsigned(high + j);
                        IntVector q0 = p.and(15).or(h.and(3).lanewise(VectorOperators.LSHL, 4));
                        IntVector q1 = q.and(15).or(h.and(12).lanewise(VectorOperators.LSHL, 2));
                        IntVector q2 = p.lanewise(VectorOperators.LSHR, 4).or(h.and(48));
                        IntVector q3 = q.lanewise(VectorOperators.LSHR, 4).or(
                                h.lanewise(VectorOperators.LSHR, 2).and(48));
                        dot0 = toFloats(q0).fma(load(from + 4 * j), dot0);
                        dot1 = toFloats(q1).fma(load(from + 128 + 4 * j), dot1);
                        dot2 = toFloats(q2).fma(load(from + 256 + 4 * j), dot2);
                        dot3 = toFloats(q3).fma(load(from + 384 + 4 * j), dot3);
                    }
                    total = dot0.fma(broadcast(scale), total);
                    total = dot1.fma(broadcast(scale + 8), total);
                    total = dot2.fma(broadcast(scale + 16), total);
                    total = dot3.fma(broadcast(scale + 24), total);
                }
                a += 210;
                at += 1024;
                s += 64;
            }
            Memory.f32(y + 4L * r, sum(total) - 32 * sum(offsets));
        }
    }
}

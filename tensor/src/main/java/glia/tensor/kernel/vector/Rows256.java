package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.broadcast;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
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
///
/// Arguments are those of `Rows32`.
final class Rows256 {
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows256() { }

    /// @param sums the activations' sums of 32 each
    /// @param scratch 64 bytes
    static void q4k(long w, long rowBytes, int rows, long x, long sums, int blocks, long to, long scratch) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = zero();
            FloatVector offsets = FloatVector.zero(FloatVector.SPECIES_256);
            long at = x;
            for (int i = 0; i < blocks; i++) {
                long block = w + 144L * i;
                unpack(block + 4, scratch);
                Bytes.storeEight(scratch + 16, Bytes.eightFloats(scratch).mul(Memory.f16(Simd.address(block))));
                FloatVector minima = Bytes.eightFloats(scratch + 8).mul(Memory.f16(Simd.address(block + 2)));
                offsets = minima.fma(Bytes.loadEight(sums + 32L * i), offsets);
                for (int pair = 0; pair < 4; pair++) {
                    FloatVector dot0 = zero();
                    FloatVector dot1 = zero();
                    for (int j = 0; j < 32; j += LANES) {
                        IntVector q = Bytes.unsigned(block + 16 + 32 * pair + j);
                        dot0 = toFloats(q.and(15)).fma(load(at + 4 * j), dot0);
                        dot1 = toFloats(q.lanewise(VectorOperators.LSHR, 4)).fma(load(at + 128 + 4 * j), dot1);
                    }
                    total = dot0.fma(broadcast(scratch + 16 + 8 * pair), total);
                    total = dot1.fma(broadcast(scratch + 20 + 8 * pair), total);
                    at += 256;
                }
            }
            store(to + (long) r * BYTES, total.sub((FloatVector) offsets.castShape(Simd.F, 0)));
            w += rowBytes;
        }
    }

    /// The eight 6-bit scales to bytes 0 to 7 of scratch, the eight minima to bytes 8 to 15.
    private static void unpack(long packed, long scratch) {
        int w0 = Memory.i32(Simd.address(packed));
        int w1 = Memory.i32(Simd.address(packed + 4));
        int w2 = Memory.i32(Simd.address(packed + 8));
        long scales = w0 & 0x3f3f3f3f | (w2 & 0x0f0f0f0fL | w0 >>> 2 & 0x30303030L) << 32;
        long minima = w1 & 0x3f3f3f3f | (w2 >>> 4 & 0x0f0f0f0fL | w1 >>> 2 & 0x30303030L) << 32;
        Memory.ALL.set(I64, Simd.address(scratch), scales);
        Memory.ALL.set(I64, Simd.address(scratch + 8), minima);
    }

    /// Half h of a block has 64 bytes of low bits and 32 bytes of high bits. Byte l (below 32) of the low bits, or its
    /// high half (n = 1), belongs to number `128 h + 64 n + l`, byte l + 32 to the number 32 after it.
    ///
    /// @param scratch 64 bytes
    static void q6k(long w, long rowBytes, int rows, long x, int blocks, long to, long scratch) {
        for (int r = 0; r < rows; r++) {
            FloatVector total0 = zero();
            FloatVector total1 = zero();
            for (int i = 0; i < blocks; i++) {
                long block = w + 210L * i;
                for (int j = 0; j < 16; j += LANES) {
                    FloatVector scales = toFloats(Bytes.signed(block + 192 + j));
                    store(scratch + 4 * j, scales.mul(Memory.f16(Simd.address(block + 208))));
                }
                for (int j = 0; j < 128; j += LANES) {
                    int h = j >> 6;
                    int n = j >> 5 & 1;
                    int l = j & 31;
                    IntVector top = Bytes.unsigned(block + 128 + 32 * h + l).lanewise(VectorOperators.LSHR, 4 * n);
                    IntVector q = Bytes.unsigned(block + 64 * h + l).lanewise(VectorOperators.LSHR, 4 * n).and(15);
                    q = q.or(top.and(3).lanewise(VectorOperators.LSHL, 4)).sub(32);
                    long at = x + 1024L * i + 4 * (128 * h + 64 * n + l);
                    long scale = scratch + 4 * (8 * h + 4 * n + (l >> 4));
                    total0 = toFloats(q).mul(load(at)).fma(broadcast(scale), total0);
                    q = Bytes.unsigned(block + 64 * h + 32 + l).lanewise(VectorOperators.LSHR, 4 * n).and(15);
                    q = q.or(top.and(12).lanewise(VectorOperators.LSHL, 2)).sub(32);
                    total1 = toFloats(q).mul(load(at + 128)).fma(broadcast(scale + 8), total1);
                }
            }
            store(to + (long) r * BYTES, total0.add(total1));
            w += rowBytes;
        }
    }
}

package glia.tensor.kernel.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.F32;
import static glia.tensor.Memory.I32;
import static glia.tensor.kernel.vector.Bytes.unsigned;
import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.F;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.ORDER;
import static glia.tensor.kernel.vector.Simd.address;
import static glia.tensor.kernel.vector.Simd.broadcast;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.toFloats;
import static glia.tensor.kernel.vector.Simd.zero;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import glia.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Products of packed rows of ggml's Q4_K and Q6_K with one vector of F32 activations. The scales of a block are
/// decoded as a vector and go through a small scratch memory, from which each is broadcast by a load.
///
/// Arguments are those of `Rows32`.
final class Rows256 {
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows256() { }

    /// @param sums the activations' sums of 32 each
    /// @param scales what `q4kScales` makes of the rows
    static void q4k(long w, long rowBytes, int rows, long x, long sums, int blocks, long to, long scales) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = zero();
            FloatVector offsets = FloatVector.zero(FloatVector.SPECIES_256);
            for (int i = 0; i < blocks; i++) {
                offsets = Bytes.loadEight(scales + 32).fma(Bytes.loadEight(sums + 32L * i), offsets);
                for (int pair = 0; pair < 4; pair++) {
                    long from = w + 144L * i + 16 + 32 * pair;
                    long at = x + 1024L * i + 256 * pair;
                    FloatVector low = zero();
                    FloatVector high = zero();
                    for (int j = 0; j < 32; j += LANES) {
                        IntVector q = unsigned(from + j);
                        low = toFloats(q.and(15)).fma(load(at + 4 * j), low);
                        high = toFloats(q.lanewise(LSHR, 4)).fma(load(at + 128 + 4 * j), high);
                    }
                    total = low.fma(broadcast(scales + 8 * pair), total);
                    total = high.fma(broadcast(scales + 8 * pair + 4), total);
                }
                scales += 64;
            }
            long at = to + (long) r * BYTES;
            store(at, total);
            Bytes.storeEight(at, Bytes.loadEight(at).sub(offsets));
            w += rowBytes;
        }
    }

    /// For each block of each row its eight scales, then its eight minima, 64 bytes. The first four of each are 6
    /// bits of four bytes; the others have their low four bits in the last four bytes and their high two on top of
    /// the first.
    static void q4kScales(long w, long rowBytes, int rows, int blocks, long to) {
        for (int i = 0; i < rows * blocks; i++) {
            long block = address(w + i / blocks * rowBytes + 144L * (i % blocks));
            long at = address(to + 64L * i);
            int w0 = ALL.get(I32, block + 4);
            int w1 = ALL.get(I32, block + 8);
            int w2 = ALL.get(I32, block + 12);
            ALL.set(I64, at, w0 & 0x3f3f3f3f | (w2 & 0x0f0f0f0fL | w0 >>> 2 & 0x30303030L) << 32);
            ALL.set(I64, at + 32, w1 & 0x3f3f3f3f | (w2 >>> 4 & 0x0f0f0f0fL | w1 >>> 2 & 0x30303030L) << 32);
            Bytes.storeEight(at, Bytes.eightFloats(at).mul(Memory.f16(block)));
            Bytes.storeEight(at + 32, Bytes.eightFloats(at + 32).mul(Memory.f16(block + 2)));
        }
    }

    /// Half a block has 64 bytes of low bits and 32 bytes of high bits: the low halves of the former are two runs of 32
    /// numbers, the high halves two more; the latter have two bits for each run. The inner loop calls the Vector API
    /// directly, see `Tile`.
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
                    store(scratch + 4 * j, scales.mul(Memory.f16(address(block + 208))));
                }
                for (int j = 0; j < 64; j += LANES) {
                    // Half j / 32 of the block, from byte j % 32 on.
                    long from = address(block + 64 * (j >> 5) + (j & 31));
                    IntVector a = unsigned(from);
                    IntVector b = unsigned(from + 32);
                    IntVector h = unsigned(address(block + 128 + j));
                    IntVector q0 = a.and(15).or(h.and(3).lanewise(LSHL, 4));
                    IntVector q1 = b.and(15).or(h.and(12).lanewise(LSHL, 2));
                    IntVector q2 = a.lanewise(LSHR, 4).or(h.and(48));
                    IntVector q3 = b.lanewise(LSHR, 4).or(h.and(192).lanewise(LSHR, 2));
                    long at = address(x + 1024L * i + 512 * (j >> 5) + 4 * (j & 31));
                    FloatVector x0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
                    FloatVector x1 = FloatVector.fromMemorySegment(F, ALL, at + 128, ORDER);
                    FloatVector x2 = FloatVector.fromMemorySegment(F, ALL, at + 256, ORDER);
                    FloatVector x3 = FloatVector.fromMemorySegment(F, ALL, at + 384, ORDER);
                    x0 = ((FloatVector) q0.sub(32).convert(I2F, 0)).mul(x0);
                    x1 = ((FloatVector) q1.sub(32).convert(I2F, 0)).mul(x1);
                    x2 = ((FloatVector) q2.sub(32).convert(I2F, 0)).mul(x2);
                    x3 = ((FloatVector) q3.sub(32).convert(I2F, 0)).mul(x3);
                    long scale = address(scratch + 32 * (j >> 5) + 4 * (j >> 4 & 1));
                    total0 = x0.fma(FloatVector.broadcast(F, ALL.get(F32, scale)), total0);
                    total1 = x1.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 8)), total1);
                    total0 = x2.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 16)), total0);
                    total1 = x3.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 24)), total1);
                }
            }
            total0.add(total1).intoMemorySegment(ALL, address(to + (long) r * BYTES), ORDER);
            w += rowBytes;
        }
    }
}

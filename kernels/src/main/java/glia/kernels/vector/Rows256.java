package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.F32;
import static glia.tensor.Memory.I16;
import static glia.tensor.Memory.I32;
import static glia.kernels.vector.RowProduct.Rows.B;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.FloatVector.SPECIES_256;
import static jdk.incubator.vector.VectorOperators.*;

import glia.kernels.tiled.Scratch;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;

/// Products of rows of ggml's Q4_K and Q6_K (see `Rows` for the arguments). The scales of a block are decoded as a
/// vector and stored, and each is broadcast by a load.
final class Rows256 {
    /// Scratch memory for scales: blocks cycle through eight places, so that none waits for another's.
    static final long SCALES_BYTES = 8 * 64;

    private Rows256() { }

    /// Scales and minima of a block are decoded along the way, so that memory is read at an even pace. The first four
    /// of each are 6 bits of four bytes; the others have their low four bits in the last four bytes and their high two
    /// on top of the first.
    ///
    /// @param sums the activations' sums of 32 each
    /// @param scales `SCALES_BYTES` of memory
    static void q4k(long w, long rowBytes, int rows, long x, long sums, int blocks, long to, long scales) {
        for (int r = 0; r < rows; r++) {
            FloatVector total0 = FloatVector.zero(F);
            FloatVector total1 = FloatVector.zero(F);
            FloatVector offsets = FloatVector.zero(SPECIES_256);
            for (int i = 0; i < blocks; i++) {
                long block = w + 144L * i & ADDRESS;
                long scale = scales + (i & 7) * 64 & ADDRESS;
                int w0 = ALL.get(I32, block + 4);
                int w1 = ALL.get(I32, block + 8);
                int w2 = ALL.get(I32, block + 12);
                long low = w0 & 0x3f3f3f3f | (w2 & 0x0f0f0f0fL | w0 >>> 2 & 0x30303030L) << 32;
                long high = w1 & 0x3f3f3f3f | (w2 >>> 4 & 0x0f0f0f0fL | w1 >>> 2 & 0x30303030L) << 32;
                FloatVector.broadcast(SPECIES_256, Float.float16ToFloat(ALL.get(I16, block)))
                        .mul(LongVector.broadcast(LongVector.SPECIES_128, low).reinterpretAsBytes()
                                .convertShape(B2F, SPECIES_256, 0))
                        .intoMemorySegment(ALL, scale, ORDER);
                offsets = FloatVector.broadcast(SPECIES_256, Float.float16ToFloat(ALL.get(I16, block + 2)))
                        .mul(LongVector.broadcast(LongVector.SPECIES_128, high).reinterpretAsBytes()
                                .convertShape(B2F, SPECIES_256, 0))
                        .fma(FloatVector.fromMemorySegment(SPECIES_256, ALL, sums + 32L * i & ADDRESS, ORDER), offsets);
                for (int pair = 0; pair < 4; pair++) {
                    long from = block + 16 + 32 * pair & ADDRESS;
                    long at = x + 1024L * i + 256 * pair & ADDRESS;
                    FloatVector dot0 = FloatVector.zero(F);
                    FloatVector dot1 = FloatVector.zero(F);
                    for (int j = 0; j < 32; j += LANES) {
                        IntVector q = (IntVector) ByteVector.fromMemorySegment(B, ALL, from + j, ORDER)
                                .convertShape(ZERO_EXTEND_B2I, I, 0);
                        dot0 = ((FloatVector) q.and(15).convert(I2F, 0))
                                .fma(FloatVector.fromMemorySegment(F, ALL, at + 4 * j, ORDER), dot0);
                        dot1 = ((FloatVector) q.lanewise(LSHR, 4).convert(I2F, 0))
                                .fma(FloatVector.fromMemorySegment(F, ALL, at + 128 + 4 * j, ORDER), dot1);
                    }
                    total0 = dot0.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 8 * pair)), total0);
                    total1 = dot1.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 8 * pair + 4)), total1);
                }
            }
            long at = to + (long) r * BYTES & ADDRESS;
            total0.add(total1).intoMemorySegment(ALL, at, ORDER);
            FloatVector.fromMemorySegment(SPECIES_256, ALL, at, ORDER).sub(offsets).intoMemorySegment(ALL, at, ORDER);
            w += rowBytes;
        }
    }

    /// Half a block has 64 bytes of low bits and 32 bytes of high bits: the low halves of the former are two runs of 32
    /// values, the high halves two more; the latter have two bits for each run.
    ///
    /// @param scales `SCALES_BYTES` of memory
    static void q6k(long w, long rowBytes, int rows, long x, int blocks, long to, long scales) {
        for (int r = 0; r < rows; r++) {
            FloatVector total0 = FloatVector.zero(F);
            FloatVector total1 = FloatVector.zero(F);
            for (int i = 0; i < blocks; i++) {
                long block = w + 210L * i & ADDRESS;
                float d = Float.float16ToFloat(ALL.get(I16, block + 208));
                for (int j = 0; j < 16; j += LANES) {
                    FloatVector s = (FloatVector) ByteVector.fromMemorySegment(B, ALL, block + 192 + j, ORDER)
                            .convertShape(B2F, F, 0);
                    s.mul(d).intoMemorySegment(ALL, scales + 4 * j & ADDRESS, ORDER);
                }
                for (int j = 0; j < 64; j += LANES) {
                    // Half j / 32 of the block, from byte j % 32 on.
                    long from = block + 64 * (j >> 5) + (j & 31) & ADDRESS;
                    IntVector a = (IntVector) ByteVector.fromMemorySegment(B, ALL, from, ORDER)
                            .convertShape(ZERO_EXTEND_B2I, I, 0);
                    IntVector b = (IntVector) ByteVector.fromMemorySegment(B, ALL, from + 32, ORDER)
                            .convertShape(ZERO_EXTEND_B2I, I, 0);
                    IntVector h = (IntVector) ByteVector.fromMemorySegment(B, ALL, block + 128 + j, ORDER)
                            .convertShape(ZERO_EXTEND_B2I, I, 0);
                    IntVector q0 = a.and(15).or(h.and(3).lanewise(LSHL, 4));
                    IntVector q1 = b.and(15).or(h.and(12).lanewise(LSHL, 2));
                    IntVector q2 = a.lanewise(LSHR, 4).or(h.and(48));
                    IntVector q3 = b.lanewise(LSHR, 4).or(h.and(192).lanewise(LSHR, 2));
                    long at = x + 1024L * i + 512 * (j >> 5) + 4 * (j & 31) & ADDRESS;
                    FloatVector x0 = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
                    FloatVector x1 = FloatVector.fromMemorySegment(F, ALL, at + 128, ORDER);
                    FloatVector x2 = FloatVector.fromMemorySegment(F, ALL, at + 256, ORDER);
                    FloatVector x3 = FloatVector.fromMemorySegment(F, ALL, at + 384, ORDER);
                    x0 = ((FloatVector) q0.sub(32).convert(I2F, 0)).mul(x0);
                    x1 = ((FloatVector) q1.sub(32).convert(I2F, 0)).mul(x1);
                    x2 = ((FloatVector) q2.sub(32).convert(I2F, 0)).mul(x2);
                    x3 = ((FloatVector) q3.sub(32).convert(I2F, 0)).mul(x3);
                    long scale = scales + 32 * (j >> 5) + 4 * (j >> 4 & 1) & ADDRESS;
                    total0 = x0.fma(FloatVector.broadcast(F, ALL.get(F32, scale)), total0);
                    total1 = x1.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 8)), total1);
                    total0 = x2.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 16)), total0);
                    total1 = x3.fma(FloatVector.broadcast(F, ALL.get(F32, scale + 24)), total1);
                }
            }
            total0.add(total1).intoMemorySegment(ALL, to + (long) r * BYTES & ADDRESS, ORDER);
            w += rowBytes;
        }
    }
}

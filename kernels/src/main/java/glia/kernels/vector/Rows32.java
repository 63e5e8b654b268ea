package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.I16;
import static glia.tensor.Memory.I32;
import static glia.kernels.vector.RowProduct.Rows.B;
import static glia.kernels.vector.RowProduct.Rows.INDEX;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.*;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Products of rows of the formats with a scale for each 32 values (see `Rows` for the arguments). Values i and i + 16
/// of a block are processed together, a vector of each at a time: with 16 lanes that is one pair of vectors a block.
final class Rows32 {
    /// Pairs of vectors in a block, as a shift.
    private static final int PAIRS = LANES == 16 ? 0 : 1;
    private static final int PAIRS_MASK = (1 << PAIRS) - 1;

    private Rows32() { }

    /// Computes `factor · (x[32 i + j] + x[32 i + 16 + j])` for each pair of vectors, by which offsets and minima of
    /// blocks are multiplied.
    static void pairSums(long x, int blocks, float factor, long to) {
        for (int i = 0; i < blocks << PAIRS; i++) {
            long at = x + 128L * (i >> PAIRS) + (long) (i & PAIRS_MASK) * BYTES & ADDRESS;
            FloatVector.fromMemorySegment(F, ALL, at, ORDER).add(FloatVector.fromMemorySegment(F, ALL, at + 64, ORDER))
                    .mul(factor).intoMemorySegment(ALL, to + (long) i * BYTES & ADDRESS, ORDER);
        }
    }

    static void q8p0(long w, long rowBytes, int rows, long x, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = FloatVector.zero(F);
            for (int i = 0; i < blocks << PAIRS; i++) {
                long block = w + 34L * (i >> PAIRS) & ADDRESS;
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS) + 4L * j & ADDRESS;
                FloatVector scale = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block)));
                FloatVector low = (FloatVector) ByteVector.fromMemorySegment(B, ALL, block + 2 + j, ORDER)
                        .convertShape(B2F, F, 0);
                FloatVector high = (FloatVector) ByteVector.fromMemorySegment(B, ALL, block + 18 + j, ORDER)
                        .convertShape(B2F, F, 0);
                FloatVector dot = low.mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER));
                dot = high.fma(FloatVector.fromMemorySegment(F, ALL, at + 64, ORDER), dot);
                total = dot.fma(scale, total);
            }
            total.intoMemorySegment(ALL, to + (long) r * BYTES & ADDRESS, ORDER);
            w += rowBytes;
        }
    }

    /// Q4_0: nibbles with offset 8; the sums are times -8.
    static void q4p0(long w, long rowBytes, int rows, long x, long sums, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = FloatVector.zero(F);
            for (int i = 0; i < blocks << PAIRS; i++) {
                long block = w + 18L * (i >> PAIRS) & ADDRESS;
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS) + 4L * j & ADDRESS;
                FloatVector scale = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block)));
                IntVector q = (IntVector) ByteVector.fromMemorySegment(B, ALL, block + 2 + j, ORDER)
                        .convertShape(ZERO_EXTEND_B2I, I, 0);
                FloatVector dot = FloatVector.fromMemorySegment(F, ALL, sums + (long) i * BYTES & ADDRESS, ORDER);
                dot = ((FloatVector) q.and(15).convert(I2F, 0))
                        .fma(FloatVector.fromMemorySegment(F, ALL, at, ORDER), dot);
                dot = ((FloatVector) q.lanewise(LSHR, 4).convert(I2F, 0))
                        .fma(FloatVector.fromMemorySegment(F, ALL, at + 64, ORDER), dot);
                total = dot.fma(scale, total);
            }
            total.intoMemorySegment(ALL, to + (long) r * BYTES & ADDRESS, ORDER);
            w += rowBytes;
        }
    }

    /// Q4_1: nibbles and a minimum.
    static void q4p1(long w, long rowBytes, int rows, long x, long sums, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = FloatVector.zero(F);
            FloatVector minima = FloatVector.zero(F);
            for (int i = 0; i < blocks << PAIRS; i++) {
                long block = w + 20L * (i >> PAIRS) & ADDRESS;
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS) + 4L * j & ADDRESS;
                FloatVector scale = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block)));
                FloatVector minimum = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block + 2)));
                IntVector q = (IntVector) ByteVector.fromMemorySegment(B, ALL, block + 4 + j, ORDER)
                        .convertShape(ZERO_EXTEND_B2I, I, 0);
                FloatVector dot = ((FloatVector) q.and(15).convert(I2F, 0))
                        .mul(FloatVector.fromMemorySegment(F, ALL, at, ORDER));
                dot = ((FloatVector) q.lanewise(LSHR, 4).convert(I2F, 0))
                        .fma(FloatVector.fromMemorySegment(F, ALL, at + 64, ORDER), dot);
                total = dot.fma(scale, total);
                at = sums + (long) i * BYTES & ADDRESS;
                minima = minimum.fma(FloatVector.fromMemorySegment(F, ALL, at, ORDER), minima);
            }
            total.add(minima).intoMemorySegment(ALL, to + (long) r * BYTES & ADDRESS, ORDER);
            w += rowBytes;
        }
    }

    /// Q5_0: nibbles and a fifth bit, with offset 16; the sums are times -16.
    static void q5p0(long w, long rowBytes, int rows, long x, long sums, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = FloatVector.zero(F);
            for (int i = 0; i < blocks << PAIRS; i++) {
                long block = w + 22L * (i >> PAIRS) & ADDRESS;
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS) + 4L * j & ADDRESS;
                FloatVector scale = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block)));
                IntVector bits = IntVector.broadcast(I, ALL.get(I32, block + 2) >>> j).lanewise(LSHR, INDEX);
                IntVector q = (IntVector) ByteVector.fromMemorySegment(B, ALL, block + 6 + j, ORDER)
                        .convertShape(ZERO_EXTEND_B2I, I, 0);
                FloatVector dot = FloatVector.fromMemorySegment(F, ALL, sums + (long) i * BYTES & ADDRESS, ORDER);
                IntVector low = q.and(15).or(bits.and(1).lanewise(LSHL, 4));
                dot = ((FloatVector) low.convert(I2F, 0)).fma(FloatVector.fromMemorySegment(F, ALL, at, ORDER), dot);
                IntVector high = q.lanewise(LSHR, 4).or(bits.lanewise(LSHR, 12).and(16));
                dot = ((FloatVector) high.convert(I2F, 0))
                        .fma(FloatVector.fromMemorySegment(F, ALL, at + 64, ORDER), dot);
                total = dot.fma(scale, total);
            }
            total.intoMemorySegment(ALL, to + (long) r * BYTES & ADDRESS, ORDER);
            w += rowBytes;
        }
    }
}

package glia.tensor.kernel.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.I16;
import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.F;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.address;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.toFloats;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Products of packed rows with one vector of F32 activations, for the formats with a scale for each 32 numbers. In
/// all, numbers i and i + 16 of a block are taken together, a vector of each at a time.
///
/// All take: the address of the rows, bytes of a row, the number of rows, the activations, for each pair of vectors of
/// them their sum (as `pairSums` gives it), the number of blocks, and where each row's vector of partial sums goes.
final class Rows32 {
    /// Pairs of vectors in a block, as a shift: 0 where a vector has 16 lanes, 1 where it has 8.
    private static final int PAIRS_SHIFT = LANES == 16 ? 0 : 1;
    private static final int PAIRS_MASK = (1 << PAIRS_SHIFT) - 1;

    private Rows32() { }

    /// `factor · (x[32 i + j] + x[32 i + 16 + j])` for each pair of vectors.
    static void pairSums(long x, int blocks, float factor, long to) {
        for (int i = 0; i < blocks << PAIRS_SHIFT; i++) {
            long at = x + 128L * (i >> PAIRS_SHIFT) + (long) (i & PAIRS_MASK) * BYTES;
            store(to + (long) i * BYTES, load(at).add(load(at + 64)).mul(factor));
        }
    }

    static void q8p0(long w, long rowBytes, int rows, long x, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = zero();
            for (int i = 0; i < blocks << PAIRS_SHIFT; i++) {
                long block = w + 34L * (i >> PAIRS_SHIFT);
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS_SHIFT) + 4L * j;
                FloatVector low = toFloats(Bytes.signed(block + 2 + j)).mul(load(at));
                FloatVector dot = toFloats(Bytes.signed(block + 18 + j)).fma(load(at + 64), low);
                total = dot.fma(half(block), total);
            }
            store(to + (long) r * BYTES, total);
            w += rowBytes;
        }
    }

    /// Q4_0: nibbles less 8; the sums are times -8.
    static void q4p0(long w, long rowBytes, int rows, long x, long sums, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = zero();
            for (int i = 0; i < blocks << PAIRS_SHIFT; i++) {
                long block = w + 18L * (i >> PAIRS_SHIFT);
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS_SHIFT) + 4L * j;
                IntVector q = Bytes.unsigned(block + 2 + j);
                FloatVector low = toFloats(q.and(15)).fma(load(at), load(sums + (long) i * BYTES));
                FloatVector dot = toFloats(q.lanewise(VectorOperators.LSHR, 4)).fma(load(at + 64), low);
                total = dot.fma(half(block), total);
            }
            store(to + (long) r * BYTES, total);
            w += rowBytes;
        }
    }

    /// Q4_1: nibbles and a minimum.
    static void q4p1(long w, long rowBytes, int rows, long x, long sums, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = zero();
            FloatVector minima = zero();
            for (int i = 0; i < blocks << PAIRS_SHIFT; i++) {
                long block = w + 20L * (i >> PAIRS_SHIFT);
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS_SHIFT) + 4L * j;
                IntVector q = Bytes.unsigned(block + 4 + j);
                FloatVector low = toFloats(q.and(15)).mul(load(at));
                FloatVector dot = toFloats(q.lanewise(VectorOperators.LSHR, 4)).fma(load(at + 64), low);
                total = dot.fma(half(block), total);
                minima = load(sums + (long) i * BYTES).fma(half(block + 2), minima);
            }
            store(to + (long) r * BYTES, total.add(minima));
            w += rowBytes;
        }
    }

    /// Q5_0: nibbles and a fifth bit, less 16; the sums are times -16.
    static void q5p0(long w, long rowBytes, int rows, long x, long sums, int blocks, long to) {
        for (int r = 0; r < rows; r++) {
            FloatVector total = zero();
            for (int i = 0; i < blocks << PAIRS_SHIFT; i++) {
                long block = w + 22L * (i >> PAIRS_SHIFT);
                int j = (i & PAIRS_MASK) * LANES;
                long at = x + 128L * (i >> PAIRS_SHIFT) + 4L * j;
                IntVector q = Bytes.unsigned(block + 6 + j);
                IntVector bits = IntVector.broadcast(Simd.I, Memory.i32(address(block + 2)))
                        .lanewise(VectorOperators.LSHR, Bytes.INDEX.add(j));
                IntVector fifth = bits.and(1).lanewise(VectorOperators.LSHL, 4);
                FloatVector low = toFloats(q.and(15).or(fifth)).fma(load(at), load(sums + (long) i * BYTES));
                fifth = bits.lanewise(VectorOperators.LSHR, 12).and(16);
                q = q.lanewise(VectorOperators.LSHR, 4).or(fifth);
                FloatVector dot = toFloats(q).fma(load(at + 64), low);
                total = dot.fma(half(block), total);
            }
            store(to + (long) r * BYTES, total);
            w += rowBytes;
        }
    }

    /// The half-precision number at an address, in every lane.
    private static FloatVector half(long address) {
        return FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, address(address))));
    }
}

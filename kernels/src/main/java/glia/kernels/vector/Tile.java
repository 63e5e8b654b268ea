package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.F32;
import static glia.kernels.vector.Simd.*;

import jdk.incubator.vector.FloatVector;

/// The GEMM micro-kernel: `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile of `ROWS` rows t and a panel of two vectors of
/// columns. The accumulators are named locals, so that they stay in registers. A is read one value at a time with any
/// two strides, so it needs no packing; B's rows are `bStep` bytes apart.
final class Tile {
    /// Rows of a tile: as many as fit the accumulator registers. Processors with 16 registers (AVX2) fit 6; with 8 the
    /// wide ones reach the same rate, and 8 divides the usual numbers of tokens.
    static final int ROWS = LANES == 8 ? 6 : 8;

    /// Upper limit of strides, 256 MiB, which keeps address arithmetic free of overflow checks.
    private static final long STRIDE = 0xfff_ffffL;

    private Tile() { }

    /// @param c the address of the tile
    /// @param cRow bytes from row to row of C
    /// @param aRow bytes from row to row of A, below 256 MiB
    /// @param aStep bytes from k to k + 1 in A
    static void multiply(long c, long cRow, long a, long aRow, long aStep, long b, long bStep, int depth) {
        if (ROWS == 8) {
            multiply8(c, cRow, a, aRow, aStep, b, bStep, depth);
        } else {
            multiply6(c, cRow, a, aRow, aStep, b, bStep, depth);
        }
    }

    private static void multiply8(long c, long cRow, long a, long aRow, long aStep, long b, long bStep, int depth) {
        FloatVector zero = FloatVector.zero(F);
        FloatVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero;
        FloatVector s30 = zero, s31 = zero, s40 = zero, s41 = zero, s50 = zero, s51 = zero;
        FloatVector s60 = zero, s61 = zero, s70 = zero, s71 = zero;
        long one = aRow & STRIDE;
        long three = 3 * one;
        long upper = a;
        long lower = a + 4 * one;
        long row = b;
        for (int k = 0; k < depth; k++) {
            long p = upper & ADDRESS;
            long q = lower & ADDRESS;
            long r = row & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, r, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, r + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(F, ALL.get(F32, p));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(F, ALL.get(F32, p + one));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(F, ALL.get(F32, p + 2 * one));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(F, ALL.get(F32, p + three));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = FloatVector.broadcast(F, ALL.get(F32, q));
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = FloatVector.broadcast(F, ALL.get(F32, q + one));
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            x = FloatVector.broadcast(F, ALL.get(F32, q + 2 * one));
            s60 = x.fma(b0, s60);
            s61 = x.fma(b1, s61);
            x = FloatVector.broadcast(F, ALL.get(F32, q + three));
            s70 = x.fma(b0, s70);
            s71 = x.fma(b1, s71);
            upper += aStep;
            lower += aStep;
            row += bStep;
        }
        long to = c & ADDRESS;
        s00.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s01.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + cRow & ADDRESS;
        s10.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s11.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 2 * cRow & ADDRESS;
        s20.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s21.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 3 * cRow & ADDRESS;
        s30.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s31.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 4 * cRow & ADDRESS;
        s40.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s41.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 5 * cRow & ADDRESS;
        s50.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s51.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 6 * cRow & ADDRESS;
        s60.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s61.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 7 * cRow & ADDRESS;
        s70.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s71.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
    }

    private static void multiply6(long c, long cRow, long a, long aRow, long aStep, long b, long bStep, int depth) {
        FloatVector zero = FloatVector.zero(F);
        FloatVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero;
        FloatVector s30 = zero, s31 = zero, s40 = zero, s41 = zero, s50 = zero, s51 = zero;
        long one = aRow & STRIDE;
        long upper = a;
        long lower = a + 3 * one;
        long row = b;
        for (int k = 0; k < depth; k++) {
            long p = upper & ADDRESS;
            long q = lower & ADDRESS;
            long r = row & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, r, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, r + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(F, ALL.get(F32, p));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(F, ALL.get(F32, p + one));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(F, ALL.get(F32, p + 2 * one));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(F, ALL.get(F32, q));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = FloatVector.broadcast(F, ALL.get(F32, q + one));
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = FloatVector.broadcast(F, ALL.get(F32, q + 2 * one));
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            upper += aStep;
            lower += aStep;
            row += bStep;
        }
        long to = c & ADDRESS;
        s00.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s01.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + cRow & ADDRESS;
        s10.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s11.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 2 * cRow & ADDRESS;
        s20.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s21.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 3 * cRow & ADDRESS;
        s30.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s31.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 4 * cRow & ADDRESS;
        s40.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s41.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
        to = c + 5 * cRow & ADDRESS;
        s50.add(FloatVector.fromMemorySegment(F, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
        s51.add(FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER)).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
}

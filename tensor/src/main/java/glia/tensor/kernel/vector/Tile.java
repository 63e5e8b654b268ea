package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.address;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// The one inner loop of all products: `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile of `ROWS` rows t and a panel of two
/// vectors of columns. The accumulators are named locals, so that they stay in registers; A is read a number at a time
/// at any two strides, so that it needs no packing; B's rows lie `bStep` bytes apart.
final class Tile {
    /// Rows of a tile: as many as leave the accumulators in registers. Processors with 16 registers (AVX2) hold 6;
    /// with 8 the wide ones reach the same rate, and 8 divides the usual numbers of tokens.
    static final int ROWS = LANES == 8 ? 6 : 8;

    /// Strides of more than 256 MiB are no matrix's; the bound keeps address arithmetic free of overflow checks.
    private static final long STRIDE = 0xfff_ffffL;

    private Tile() { }

    /// @param c the tile's first number
    /// @param cRow bytes between rows of C
    /// @param aRow bytes between rows t of A, below 256 MiB
    /// @param aStep bytes from k to k + 1 in A
    static void multiply(long c, long cRow, long a, long aRow, long aStep, long b, long bStep, int depth) {
        if (ROWS == 8) {
            multiply8(c, cRow, a, aRow, aStep, b, bStep, depth);
        } else {
            multiply6(c, cRow, a, aRow, aStep, b, bStep, depth);
        }
    }

    private static void multiply8(long c, long cRow, long a, long aRow, long aStep, long b, long bStep, int depth) {
        FloatVector s00 = zero(), s01 = zero(), s10 = zero(), s11 = zero(), s20 = zero(), s21 = zero();
        FloatVector s30 = zero(), s31 = zero(), s40 = zero(), s41 = zero(), s50 = zero(), s51 = zero();
        FloatVector s60 = zero(), s61 = zero(), s70 = zero(), s71 = zero();
        long one = aRow & STRIDE;
        long three = 3 * one;
        long upper = a;
        long lower = a + 4 * one;
        long row = b;
        for (int k = 0; k < depth; k++) {
            long p = address(upper);
            long q = address(lower);
            FloatVector b0 = load(row);
            FloatVector b1 = load(row + BYTES);
            FloatVector x = broadcast(p);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = broadcast(p + one);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = broadcast(p + 2 * one);
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = broadcast(p + three);
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = broadcast(q);
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = broadcast(q + one);
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            x = broadcast(q + 2 * one);
            s60 = x.fma(b0, s60);
            s61 = x.fma(b1, s61);
            x = broadcast(q + three);
            s70 = x.fma(b0, s70);
            s71 = x.fma(b1, s71);
            upper += aStep;
            lower += aStep;
            row += bStep;
        }
        add(c, s00, s01);
        add(c + cRow, s10, s11);
        add(c + 2 * cRow, s20, s21);
        add(c + 3 * cRow, s30, s31);
        add(c + 4 * cRow, s40, s41);
        add(c + 5 * cRow, s50, s51);
        add(c + 6 * cRow, s60, s61);
        add(c + 7 * cRow, s70, s71);
    }

    private static void multiply6(long c, long cRow, long a, long aRow, long aStep, long b, long bStep, int depth) {
        FloatVector s00 = zero(), s01 = zero(), s10 = zero(), s11 = zero(), s20 = zero(), s21 = zero();
        FloatVector s30 = zero(), s31 = zero(), s40 = zero(), s41 = zero(), s50 = zero(), s51 = zero();
        long one = aRow & STRIDE;
        long upper = a;
        long lower = a + 3 * one;
        long row = b;
        for (int k = 0; k < depth; k++) {
            long p = address(upper);
            long q = address(lower);
            FloatVector b0 = load(row);
            FloatVector b1 = load(row + BYTES);
            FloatVector x = broadcast(p);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = broadcast(p + one);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = broadcast(p + 2 * one);
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = broadcast(q);
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = broadcast(q + one);
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = broadcast(q + 2 * one);
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            upper += aStep;
            lower += aStep;
            row += bStep;
        }
        add(c, s00, s01);
        add(c + cRow, s10, s11);
        add(c + 2 * cRow, s20, s21);
        add(c + 3 * cRow, s30, s31);
        add(c + 4 * cRow, s40, s41);
        add(c + 5 * cRow, s50, s51);
    }

    /// A broadcast of an address that is known to be none of the highest.
    private static FloatVector broadcast(long address) {
        return FloatVector.broadcast(Simd.F, Memory.ALL.get(Memory.F32, address));
    }

    private static void add(long c, FloatVector v0, FloatVector v1) {
        store(c, load(c).add(v0));
        store(c + BYTES, load(c + BYTES).add(v1));
    }
}

package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RBX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VFMADD231PS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Vec;

/// The inner loop of all F32 products: `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile of up to `ROWS` rows t
/// and a panel of `COLS` columns. The sums stay in registers, two vectors a row. A is read a number at a time, at any
/// two strides, so that it needs no packing and may lie turned; B's rows of `COLS` numbers lie one behind the other.
final class TileCode {
    /// Rows of a whole tile: 24 of 32 registers hold sums, so that a row of B's two loads serve 24 products.
    static final int ROWS = 12;
    /// Columns of a panel.
    static final int COLS = 32;
    static final int PANEL_BYTES = 4 * COLS;

    private static final int VECTOR = 64;
    private static final int ROW_BITS = 40;
    private static final Function[] MULTIPLY = CodePages.ofSizes(ROWS, TileCode::emit);

    private TileCode() { }

    /// Multiplies a tile. It reads `rows · depth` numbers of A and `depth` rows of B, and changes `rows` rows of C.
    ///
    /// @param rows 1 to `ROWS`
    /// @param cRow bytes from row to row of C, below 2^40
    /// @param aRow bytes from row to row of A
    /// @param aStep bytes from k to k + 1 in A
    /// @param depth 1 to 2^23
    static void multiply(int rows, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        MULTIPLY[rows].call(c, a, b, aRow, aStep, (long) depth << ROW_BITS | cRow);
    }

    private static byte[] emit(int rows) {
        var a = new Assembler();
        Vec left = zmm(24);
        Vec right = zmm(25);
        a.push(RBX);
        a.mov(RBX, R9);
        a.shl(RBX, 64 - ROW_BITS);
        a.shr(RBX, 64 - ROW_BITS);
        a.shr(R9, ROW_BITS);
        a.lea(R10, at(RCX, RCX, 2, 0));
        a.lea(RAX, at(RSI, RCX, 4, 0));
        a.add(RAX, RCX);
        a.lea(R11, at(RAX, RCX, 4, 0));
        for (int i = 0; i < 2 * rows; i++) {
            a.op(VPXORD, zmm(i), zmm(i), zmm(i));
        }
        Label loop = a.here();
        a.op(VMOVUPS, left, at(RDX));
        a.op(VMOVUPS, right, at(RDX, VECTOR));
        for (int t = 0; t < rows; t++) {
            Vec x = zmm(26 + t % 6);
            a.op(VBROADCASTSS, x, row(t));
            a.op(VFMADD231PS, zmm(2 * t), x, left);
            a.op(VFMADD231PS, zmm(2 * t + 1), x, right);
        }
        a.add(RSI, R8);
        a.add(RAX, R8);
        a.add(R11, R8);
        a.add(RDX, PANEL_BYTES);
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, loop);
        for (int t = 0; t < rows; t++) {
            for (int side = 0; side < 2; side++) {
                Vec sum = zmm(2 * t + side);
                a.op(VADDPS, sum, sum, at(RDI, side * VECTOR));
                a.op(VMOVUPS, at(RDI, side * VECTOR), sum);
            }
            a.add(RDI, RBX);
        }
        a.pop(RBX);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    /// Where row t of A is at present. RSI points to row 0, RAX to row 5, R11 to row 9; RCX holds the distance of rows,
    /// R10 three times that.
    private static Mem row(int t) {
        return switch (t) {
            case 0 -> at(RSI);
            case 1, 2, 4, 8 -> at(RSI, RCX, t, 0);
            case 3 -> at(RSI, R10, 1, 0);
            case 5 -> at(RAX);
            case 6 -> at(RSI, R10, 2, 0);
            case 7 -> at(RAX, RCX, 2, 0);
            case 9 -> at(R11);
            case 10, 11 -> at(R11, RCX, t - 9, 0);
            default -> throw new IllegalArgumentException("row " + t);
        };
    }
}

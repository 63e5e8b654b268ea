package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.KMOVW;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VFMADD231PS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VSHUFF32X4;
import static glia.tensor.asm.Op.VSHUFPS;
import static glia.tensor.asm.Op.VUNPCKHPS;
import static glia.tensor.asm.Op.VUNPCKLPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;

/// Dot products of up to 16 rows with one vector: `y[r] = scale · Σ_k w[r,k] · x[k]`. Each row has a register of sums;
/// at the end the registers are added up together, turned into one vector of results.
final class DotsCode {
    /// Rows that are multiplied together.
    static final int ROWS = 16;

    private static final int VECTOR = 64;

    private static final Function[] DOTS = CodePages.ofSizes(ROWS, DotsCode::emit);

    private DotsCode() { }

    /// Multiplies `rows` rows of `count` numbers, which lie `rowBytes` apart, with x; writes `rows` numbers.
    ///
    /// @param rows 1 to `ROWS`
    /// @param count at least 1
    /// @param scale the address of the factor
    static void dots(int rows, long y, long w, long rowBytes, long x, int count, long scale) {
        DOTS[rows].call(y, w, rowBytes, x, count, scale);
    }

    private static byte[] emit(int rows) {
        var a = new Assembler();
        Label rest = new Label();
        Label end = new Label();
        for (int r = 0; r < rows; r++) {
            a.op(VPXORD, zmm(r), zmm(r), zmm(r));
        }
        a.cmp(R8, 16);
        a.jump(Condition.BELOW, rest);
        Label loop = a.here();
        a.op(VMOVUPS, zmm(16), at(RCX));
        a.mov(RAX, RSI);
        for (int r = 0; r < rows; r++) {
            a.op(VFMADD231PS, zmm(r), zmm(16), at(RAX));
            if (r < rows - 1) {
                a.add(RAX, RDX);
            }
        }
        a.add(RSI, VECTOR);
        a.add(RCX, VECTOR);
        a.sub(R8, 16);
        a.cmp(R8, 16);
        a.jump(Condition.ABOVE_OR_EQUAL, loop);
        a.bind(rest);
        a.test(R8, R8);
        a.jump(Condition.EQUAL, end);
        // K1: as many lanes as numbers are left, 2^n - 1 by doubling.
        a.mov(RAX, 0);
        Label doubled = a.here();
        a.lea(RAX, at(RAX, RAX, 1, 1));
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, doubled);
        a.op(KMOVW, Mask.K1, RAX);
        a.op(VMOVUPS, zmm(16).zeroUnder(Mask.K1), at(RCX));
        for (int r = 0; r < rows; r++) {
            a.op(VMOVUPS, zmm(17).zeroUnder(Mask.K1), at(RSI));
            a.op(VFMADD231PS, zmm(r), zmm(16), zmm(17));
            a.add(RSI, RDX);
        }
        a.bind(end);
        sum(a, rows);
        a.op(VMULPS, zmm(0), zmm(0), at(R9).toAll());
        a.mov(RAX, (1 << rows) - 1);
        a.op(KMOVW, Mask.K1, RAX);
        a.op(VMOVUPS, at(RDI).under(Mask.K1), zmm(0));
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    /// Adds up the lanes of registers 0 to `rows - 1` into the lanes of register 0, one a row, by halves.
    private static void sum(Assembler a, int rows) {
        for (int r = rows; r < ROWS; r++) {
            a.op(VPXORD, zmm(r), zmm(r), zmm(r));
        }
        // Within 128 bits: two rows to a register, then four.
        for (int r = 0; r < ROWS; r += 2) {
            if (r < rows) {
                a.op(VUNPCKLPS, zmm(16), zmm(r), zmm(r + 1));
                a.op(VUNPCKHPS, zmm(17), zmm(r), zmm(r + 1));
                a.op(VADDPS, zmm(r), zmm(16), zmm(17));
            }
        }
        for (int r = 0; r < ROWS; r += 4) {
            if (r < rows) {
                a.op(VSHUFPS, zmm(16), zmm(r), zmm(r + 2), 0x44);
                a.op(VSHUFPS, zmm(17), zmm(r), zmm(r + 2), 0xee);
                a.op(VADDPS, zmm(r), zmm(16), zmm(17));
            }
        }
        // Across them: eight rows, then sixteen.
        for (int r = 0; r < ROWS; r += 8) {
            if (r < rows) {
                a.op(VSHUFF32X4, zmm(16), zmm(r), zmm(r + 4), 0x88);
                a.op(VSHUFF32X4, zmm(17), zmm(r), zmm(r + 4), 0xdd);
                a.op(VADDPS, zmm(r), zmm(16), zmm(17));
            }
        }
        a.op(VSHUFF32X4, zmm(16), zmm(0), zmm(8), 0x88);
        a.op(VSHUFF32X4, zmm(17), zmm(0), zmm(8), 0xdd);
        a.op(VADDPS, zmm(0), zmm(16), zmm(17));
    }
}

package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.KMOVW;
import static glia.tensor.asm.Op.VMOVUPS;
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

/// Turns rows of F32 numbers into columns, 16 by 16 numbers in registers at a time: pairs of rows are interleaved, then
/// pairs of pairs, then quarters of registers are exchanged twice.
final class TurnCode {
    /// Rows that are turned together.
    static final int ROWS = 16;

    private static final Function[] TURN = CodePages.ofSizes(ROWS, TurnCode::emit);

    private TurnCode() { }

    /// Puts number k of row r at column r of row k of a panel (`TileCode.PANEL_BYTES` a row), for `rows` rows of
    /// `count` numbers. Writes 16 columns and whole groups of 16 rows of the panel: what has no number becomes 0.
    ///
    /// @param rows 1 to `ROWS`
    /// @param count at least 1
    static void turn(int rows, long panel, long from, long rowBytes, int count) {
        int blocks = (count + 15) / 16;
        TURN[rows].call(panel, from, rowBytes, blocks, 0xffff >>> 16 * blocks - count, 0);
    }

    private static byte[] emit(int rows) {
        var a = new Assembler();
        Label loop = new Label();
        Label whole = new Label();
        for (int r = rows; r < ROWS; r++) {
            a.op(VPXORD, zmm(r), zmm(r), zmm(r));
        }
        a.mov(RAX, 0xffff);
        a.op(KMOVW, Mask.K1, RAX);
        a.bind(loop);
        a.cmp(RCX, 1);
        a.jump(Condition.NOT_EQUAL, whole);
        a.op(KMOVW, Mask.K1, R8);
        a.bind(whole);
        a.mov(RAX, RSI);
        for (int r = 0; r < rows; r++) {
            a.op(VMOVUPS, zmm(r).zeroUnder(Mask.K1), at(RAX));
            a.add(RAX, RDX);
        }
        for (int r = 0; r < ROWS; r += 2) {
            a.op(VUNPCKLPS, zmm(16 + r), zmm(r), zmm(r + 1));
            a.op(VUNPCKHPS, zmm(17 + r), zmm(r), zmm(r + 1));
        }
        for (int r = 0; r < ROWS; r += 4) {
            for (int pair = 0; pair < 2; pair++) {
                a.op(VSHUFPS, zmm(r + 2 * pair), zmm(16 + r + pair), zmm(18 + r + pair), 0x44);
                a.op(VSHUFPS, zmm(r + 2 * pair + 1), zmm(16 + r + pair), zmm(18 + r + pair), 0xee);
            }
        }
        // Register 4 g + j has, in its quarter q, column 4 q + j of the rows 4 g to 4 g + 3.
        for (int j = 0; j < 4; j++) {
            for (int half = 0; half < 2; half++) {
                int from = 8 * half + j;
                a.op(VSHUFF32X4, zmm(16 + 4 * half + j), zmm(from), zmm(from + 4), 0x88);
                a.op(VSHUFF32X4, zmm(24 + 4 * half + j), zmm(from), zmm(from + 4), 0xdd);
            }
        }
        for (int j = 0; j < 4; j++) {
            for (int odd = 0; odd < 2; odd++) {
                int from = 16 + 8 * odd + j;
                a.op(VSHUFF32X4, zmm(0), zmm(from), zmm(from + 4), 0x88);
                a.op(VMOVUPS, at(RDI, (4 * odd + j) * TileCode.PANEL_BYTES), zmm(0));
                a.op(VSHUFF32X4, zmm(0), zmm(from), zmm(from + 4), 0xdd);
                a.op(VMOVUPS, at(RDI, (4 * odd + j + 8) * TileCode.PANEL_BYTES), zmm(0));
            }
        }
        for (int r = rows; r < ROWS; r++) {
            a.op(VPXORD, zmm(r), zmm(r), zmm(r));
        }
        a.add(RSI, 64);
        a.add(RDI, 16 * TileCode.PANEL_BYTES);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, loop);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }
}

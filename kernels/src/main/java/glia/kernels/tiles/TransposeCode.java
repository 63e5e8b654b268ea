package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Op;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the transpose of F32 rows into columns, as many rows at a time as vectors have lanes: pairs of rows are
/// interleaved, then pairs of pairs; then the 128-bit quarters of registers are exchanged twice, or their halves once.
public final class TransposeCode {
    /// For panels whose rows are one, two or three vectors.
    private static final List<PerIsaLevel<TransposeCode>> CODES = List.of(ofVectors(1), ofVectors(2), ofVectors(3));

    private final IsaLevel level;
    private final int lanes;
    private final int panelBytes;
    private final CodeOnDemand transpose;

    /// @param panelBytes bytes from row to row of the panel
    private TransposeCode(IsaLevel level, int panelBytes) {
        this.level = level;
        this.panelBytes = panelBytes;
        lanes = level.lanes;
        transpose = new CodeOnDemand(Arena.ofAuto(), lanes + 1, this::emit);
    }

    private static PerIsaLevel<TransposeCode> ofVectors(int vectors) {
        return new PerIsaLevel<>(level -> new TransposeCode(level, vectors * level.bytes));
    }

    /// @param vectors vectors of a row of the panel, 1 to 3
    public static TransposeCode of(IsaLevel level, int vectors) {
        return CODES.get(vectors - 1).of(level);
    }

    /// Rows that are transposed together.
    public static int rows(IsaLevel level) {
        return level.lanes;
    }

    /// Stores value k of row r at column r of row k of a panel, for `rows` rows of `count` values. Writes as many
    /// columns and whole groups of panel rows as vectors have lanes; the rest becomes 0.
    ///
    /// @param rows 1 to `rows`
    /// @param count at least 1
    public void transpose(int rows, long panel, long from, long rowBytes, int count) {
        int blocks = Math.ceilDiv(count, lanes);
        transpose.of(rows).call(panel, from, rowBytes, blocks, (1 << lanes) - 1 >>> lanes * blocks - count, 0);
    }

    private byte[] emit(int rows) {
        var a = new Emitter(level);
        Label whole = new Label();
        Label loaded = new Label();
        Label loop = a.here();
        a.cmp(RCX, 1);
        a.jump(Condition.NOT_EQUAL, whole);
        a.mask(Mask.K1, R8, RAX);
        load(a, rows, Mask.K1);
        a.jump(loaded);
        a.bind(whole);
        load(a, rows, Mask.K0);
        a.bind(loaded);
        for (int r = rows; r < lanes; r++) {
            a.zero(a.v(r));
        }
        for (int r = 0; r < lanes; r += 2) {
            a.op(VUNPCKLPS, a.v(lanes + r), a.v(r), a.v(r + 1));
            a.op(VUNPCKHPS, a.v(lanes + 1 + r), a.v(r), a.v(r + 1));
        }
        for (int r = 0; r < lanes; r += 4) {
            for (int pair = 0; pair < 2; pair++) {
                Vec upper = a.v(lanes + r + pair);
                Vec lower = a.v(lanes + 2 + r + pair);
                a.op(VSHUFPS, a.v(r + 2 * pair), upper, lower, 0x44);
                a.op(VSHUFPS, a.v(r + 2 * pair + 1), upper, lower, 0xee);
            }
        }
        // Register 4 g + j has, in its 16-byte part q, column 4 q + j of the rows 4 g to 4 g + 3.
        if (a.isWide()) {
            exchangeQuarters(a);
        } else {
            for (int j = 0; j < 4; j++) {
                store(a, j, VPERM2F128, a.v(j), a.v(4 + j), 0x20);
                store(a, 4 + j, VPERM2F128, a.v(j), a.v(4 + j), 0x31);
            }
        }
        a.add(RSI, level.bytes);
        a.add(RDI, lanes * panelBytes);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, loop);
        return a.end();
    }

    private static void load(Emitter a, int rows, Mask mask) {
        a.mov(RAX, RSI);
        for (int r = 0; r < rows; r++) {
            a.load(a.v(r), at(RAX), mask);
            a.add(RAX, RDX);
        }
    }

    private void exchangeQuarters(Emitter a) {
        for (int j = 0; j < 4; j++) {
            for (int half = 0; half < 2; half++) {
                int from = 8 * half + j;
                a.op(VSHUFF32X4, a.v(16 + 4 * half + j), a.v(from), a.v(from + 4), 0x88);
                a.op(VSHUFF32X4, a.v(24 + 4 * half + j), a.v(from), a.v(from + 4), 0xdd);
            }
        }
        for (int j = 0; j < 4; j++) {
            for (int odd = 0; odd < 2; odd++) {
                Vec upper = a.v(16 + 8 * odd + j);
                Vec lower = a.v(20 + 8 * odd + j);
                store(a, 4 * odd + j, VSHUFF32X4, upper, lower, 0x88);
                store(a, 4 * odd + j + 8, VSHUFF32X4, upper, lower, 0xdd);
            }
        }
    }

    /// Stores a row of the panel; overwrites register 0 or 8, which is free.
    private void store(Emitter a, int row, Op op, Vec upper, Vec lower, int which) {
        Vec v = a.v(a.isWide() ? 0 : 8);
        a.op(op, v, upper, lower, which);
        a.op(VMOVUPS, at(RDI, row * panelBytes), v);
    }
}

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
import static glia.tensor.asm.Op.VDPBF16PS;
import static glia.tensor.asm.Op.VFMADD231PS;
import static glia.tensor.asm.Op.VMOVUPS;

import glia.tensor.DType;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Op;
import glia.tensor.asm.Vec;

/// The inner loop of all F32 products: `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile of up to `rows` rows t
/// and a panel of `cols` columns. The sums stay in registers, two vectors a row. A is read a number at a time, at any
/// two strides, so that it needs no packing and may lie turned; B's rows of `cols` numbers lie one behind the other.
///
/// The same loop with `vdpbf16ps` multiplies pairs of BF16 numbers, k and k + 1 in 32 bits, and adds both products to
/// the F32 sum: twice the numbers for the same bytes and instructions. And B may have numbers of 16 bits that are
/// widened as they are read, a few instructions for the 24 products of a row.
final class TileCode {
    private static final int ROW_BITS = 40;
    /// How far ahead panels that come from memory are asked for.
    private static final int BYTES_AHEAD = 3072;
    static final PerLevel<TileCode> CODES = new PerLevel<>(level -> new TileCode(level, VFMADD231PS, DType.F32));
    /// B is F16, B is BF16.
    static final PerLevel<TileCode> HALVES = new PerLevel<>(level -> new TileCode(level, VFMADD231PS, DType.F16));
    static final PerLevel<TileCode> BFLOATS = new PerLevel<>(level -> new TileCode(level, VFMADD231PS, DType.BF16));
    /// The loop over pairs of BF16 numbers, for processors that have the instruction.
    static final PerLevel<TileCode> PAIRS = new PerLevel<>(level -> new TileCode(level, VDPBF16PS, DType.F32));

    private final Level level;
    private final Op product;
    private final DType type;
    private final int rows;
    private final Function[] multiply;
    private final Function[] set;

    /// @param type of B, as the loop reads it
    private TileCode(Level level, Op product, DType type) {
        this.level = level;
        this.product = product;
        this.type = type;
        rows = rows(level);
        multiply = CodePages.ofSizes(rows, tileRows -> emit(tileRows, true));
        set = CodePages.ofSizes(rows, tileRows -> emit(tileRows, false));
    }

    static TileCode of(Level level) {
        return CODES.of(level);
    }

    /// Rows of a whole tile: three quarters of the registers hold sums, so that the two loads of a row of B serve 24
    /// products, or 12.
    static int rows(Level level) {
        return level.registers * 3 / 8;
    }

    /// Columns of a panel.
    static int cols(Level level) {
        return 2 * level.lanes;
    }

    /// Bytes of a row of a panel.
    static int panelBytes(Level level) {
        return 2 * level.bytes;
    }

    /// Multiplies a tile. It reads `tileRows · depth` numbers of A and `depth` rows of B, and changes `tileRows` rows
    /// of C.
    ///
    /// @param tileRows 1 to `rows`
    /// @param cRow bytes from row to row of C, below 2^40
    /// @param aRow bytes from row to row of A
    /// @param aStep bytes from k to k + 1 in A
    /// @param depth 1 to 2^23
    void multiply(int tileRows, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        multiply[tileRows].call(c, a, b, aRow, aStep, (long) depth << ROW_BITS | cRow);
    }

    /// The same, but C is overwritten.
    void set(int tileRows, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        set[tileRows].call(c, a, b, aRow, aStep, (long) depth << ROW_BITS | cRow);
    }

    private byte[] emit(int tileRows, boolean adds) {
        var a = new Emitter(level);
        int free = 2 * rows + 2;
        Vec left = a.v(2 * rows);
        Vec right = a.v(2 * rows + 1);
        a.push(RBX);
        a.mov(RBX, R9);
        a.shl(RBX, 64 - ROW_BITS);
        a.shr(RBX, 64 - ROW_BITS);
        a.shr(R9, ROW_BITS);
        a.lea(R10, at(RCX, RCX, 2, 0));
        a.lea(RAX, at(RSI, RCX, 4, 0));
        a.add(RAX, RCX);
        a.lea(R11, at(RAX, RCX, 4, 0));
        for (int i = 0; i < 2 * tileRows; i++) {
            a.zero(a.v(i));
        }
        Label loop = a.here();
        if (type == DType.F32) {
            a.op(VMOVUPS, left, at(RDX));
            a.op(VMOVUPS, right, at(RDX, level.bytes));
        } else {
            a.prefetch(Assembler.Cache.T1, at(RDX, BYTES_AHEAD));
            DecodeCode.widen(a, left, at(RDX), type == DType.BF16);
            DecodeCode.widen(a, right, at(RDX, level.bytes / 2), type == DType.BF16);
        }
        for (int t = 0; t < tileRows; t++) {
            Vec x = a.v(free + t % (level.registers - free));
            a.op(VBROADCASTSS, x, row(t));
            a.op(product, a.v(2 * t), x, left);
            a.op(product, a.v(2 * t + 1), x, right);
        }
        a.add(RSI, R8);
        a.add(RAX, R8);
        a.add(R11, R8);
        a.add(RDX, (int) type.bytes(cols(level)));
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, loop);
        for (int t = 0; t < tileRows; t++) {
            for (int side = 0; side < 2; side++) {
                Vec sum = a.v(2 * t + side);
                if (adds) {
                    a.op(VADDPS, sum, sum, at(RDI, side * level.bytes));
                }
                a.op(VMOVUPS, at(RDI, side * level.bytes), sum);
            }
            a.add(RDI, RBX);
        }
        a.pop(RBX);
        return a.end();
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

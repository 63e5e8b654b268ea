package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.decode.DecodeCode;
import glia.kernels.tiled.Prefetch;
import glia.tensor.DType;
import glia.tensor.Memory;
import java.lang.foreign.Arena;

/// Emits dot products of up to `rows` rows with some vectors: `y[n,r] = scale · Σ_k w[r,k] · x[n,k]`. Each row has an
/// accumulator register; at the end the registers are reduced together, transposed into one vector of results. Rows are
/// F32, F16 or BF16; 16-bit rows are converted as they are read, and their vectors x are padded to whole registers.
public final class DotsCode {
    /// Size of the memory for a call's parameters, in bytes.
    public static final int PARAMETER_BYTES = 64;

    private static final int TAIL = 4;
    private static final int VECTORS = 8;
    private static final int X_ROW = 16;
    private static final int Y_ROW = 24;
    private static final int XS = 32;
    private static final int LINES = 40;
    private static final int GROUPS = 48;
    private static final int GROUP_BYTES = 56;
    public static final PerIsaLevel<DotsCode> CODES = new PerIsaLevel<>(level -> new DotsCode(level, DType.F32));
    private static final PerIsaLevel<DotsCode> HALVES = new PerIsaLevel<>(level -> new DotsCode(level, DType.F16));
    private static final PerIsaLevel<DotsCode> BFLOATS = new PerIsaLevel<>(level -> new DotsCode(level, DType.BF16));

    private final IsaLevel level;
    private final DType type;
    private final CodeOnDemand dots;
    private final CodeOnDemand tile;

    private DotsCode(IsaLevel level, DType type) {
        this.level = level;
        this.type = type;
        dots = new CodeOnDemand(Arena.ofAuto(), rows(level) + 1, this::emit);
        tile = new CodeOnDemand(Arena.ofAuto(), 1, _ -> emitTile());
    }

    /// The code for rows of F32.
    /// The code for rows of a type with `count` values, or null if there is none.
    public static DotsCode of(IsaLevel level, DType type, int count) {
        boolean isWhole = count % level.lanes == 0;
        return switch (type) {
            case F32 -> CODES.of(level);
            case F16 -> isWhole ? HALVES.of(level) : null;
            case BF16 -> isWhole ? BFLOATS.of(level) : null;
            default -> null;
        };
    }

    /// Rows that are multiplied together: the lanes of a vector.
    public static int rows(IsaLevel level) {
        return level.lanes;
    }

    /// Writes the parameters shared by calls with the same x.
    ///
    /// @param parameters memory of `PARAMETER_BYTES`
    /// @param xs number of vectors x, at least 1, `xRow` bytes apart
    /// @param yRow bytes from the results of one x to those of the next
    /// @param count values of a vector, at least 1
    public void prepare(long parameters, float scale, int xs, long xRow, long yRow, int count) {
        prepare(parameters, scale, 1, xs, xRow, yRow, count);
    }

    /// As above, for several groups of vectors x. A row holds the values for one group after the other, vectors and
    /// results of the groups follow each other.
    ///
    /// @param xs number of vectors x of a group
    public void prepare(long parameters, float scale, int groups, int xs, long xRow, long yRow, int count) {
        Memory.i64(parameters + GROUPS, groups);
        Memory.i64(parameters + GROUP_BYTES, type.bytes(count));
        Memory.f32(parameters, scale);
        Memory.i32(parameters + TAIL, (1 << count % level.lanes) - 1);
        Memory.i64(parameters + VECTORS, count / level.lanes);
        Memory.i64(parameters + X_ROW, xRow);
        Memory.i64(parameters + Y_ROW, yRow);
        Memory.i64(parameters + XS, xs);
        Memory.i64(parameters + LINES, PrefetchCode.lines(level, level.lanes, 1, xs));
    }

    /// Multiplies `rows` rows of the type, `rowBytes` apart, by each x; writes `rows` values for each.
    ///
    /// @param rows 1 to `rows`
    /// @param parameters written by `prepare`
    /// @param ahead memory to prefetch
    public void dots(int rows, long y, long w, long rowBytes, long x, Prefetch ahead, long parameters) {
        dots.of(rows).call(y, w, rowBytes, x, ahead.address(), parameters);
    }

    /// Rows of a tile.
    public static final int TILE_ROWS = 4;

    /// Vectors x of a tile: with its rows it has as many accumulators as `dots`.
    public static int tileVectors(IsaLevel level) {
        return level.lanes / TILE_ROWS;
    }

    /// Computes `dots` for a few rows and many x, with the same bits: each value that is loaded is used in several
    /// products. The parameters count groups of `tileVectors` x, where `dots` counts x.
    public void tile(long y, long w, long rowBytes, long x, long parameters) {
        tile.of(0).call(y, w, rowBytes, x, 0, parameters);
    }

    /// As `emit`; R8 and RBP are one and three times the bytes from x to x, and RAX three times those from row to row.
    /// The register of row r with x number t is `TILE_ROWS · t + r`.
    private byte[] emitTile() {
        int vectors = tileVectors(level);
        var a = new Emitter(level);
        Vec w = a.v(level.lanes + vectors);
        a.push(RBX);
        a.push(RBP);
        a.push(R12);
        a.mov32(RAX, at(R9, TAIL));
        a.mask(Mask.K1, RAX, RAX);
        a.mov(R12, at(R9, XS));
        a.mov(R8, at(R9, X_ROW));
        a.lea(RBP, at(R8, R8, 2, 0));
        Label each = a.here();
        Label rest = new Label();
        Label end = new Label();
        for (int i = 0; i < level.lanes; i++) {
            a.zero(a.v(i));
        }
        a.mov(RBX, RCX);
        a.mov(R10, RSI);
        a.lea(RAX, at(RDX, RDX, 2, 0));
        a.mov(R11, at(R9, VECTORS));
        a.test(R11, R11);
        a.jump(Condition.EQUAL, rest);
        Label loop = a.here();
        for (int t = 0; t < vectors; t++) {
            a.op(VMOVUPS, a.v(level.lanes + t), line(RBX, R8, RBP, t));
        }
        for (int r = 0; r < TILE_ROWS; r++) {
            if (type == DType.F32) {
                a.op(VMOVUPS, w, line(R10, RDX, RAX, r));
            } else {
                DecodeCode.widen(a, w, line(R10, RDX, RAX, r), type == DType.BF16);
            }
            multiply(a, w, r, vectors);
        }
        a.add(R10, (int) type.bytes(level.lanes));
        a.add(RBX, level.bytes);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, loop);
        a.bind(rest);
        a.mov32(R11, at(R9, TAIL));
        a.test(R11, R11);
        a.jump(Condition.EQUAL, end);
        for (int t = 0; t < vectors; t++) {
            a.load(a.v(level.lanes + t), line(RBX, R8, RBP, t), Mask.K1);
        }
        for (int r = 0; r < TILE_ROWS; r++) {
            a.load(w, line(R10, RDX, RAX, r), Mask.K1);
            multiply(a, w, r, vectors);
        }
        a.bind(end);
        sum(a, level.lanes);
        a.op(VMULPS, a.v(0), a.v(0), a.broadcast(at(R9), w));
        for (int t = 0; t < vectors; t++) {
            a.mov(RAX, (1 << TILE_ROWS) - 1 << TILE_ROWS * t);
            a.mask(Mask.K2, RAX, RAX);
            a.store(at(RDI, -4 * TILE_ROWS * t), a.v(0), Mask.K2);
            a.add(RDI, at(R9, Y_ROW));
        }
        a.lea(RCX, at(RCX, R8, vectors, 0));
        a.dec(R12);
        a.jump(Condition.NOT_EQUAL, each);
        a.pop(R12);
        a.pop(RBP);
        a.pop(RBX);
        return a.end();
    }

    private void multiply(Emitter a, Vec w, int row, int vectors) {
        for (int t = 0; t < vectors; t++) {
            a.op(VFMADD231PS, a.v(TILE_ROWS * t + row), a.v(level.lanes + t), w);
        }
    }

    private static Mem line(Gpr base, Gpr step, Gpr threeSteps, int i) {
        return i == 0 ? at(base) : i == 3 ? at(base, threeSteps, 1, 0) : at(base, step, i, 0);
    }

    /// R13 counts the groups, R12 the vectors x of one; R10 is the current position in the rows, R11 counts their whole
    /// vectors. K1 masks the values beyond those, K2 the results.
    private byte[] emit(int rows) {
        var a = new Emitter(level);
        Vec x = a.v(level.lanes);
        Vec w = a.v(level.lanes + 1);
        a.push(RBX);
        a.push(RBP);
        a.push(R12);
        a.push(R13);
        a.mov32(RAX, at(R9, TAIL));
        a.mask(Mask.K1, RAX, RAX);
        a.mov(RAX, (1 << rows) - 1);
        a.mask(Mask.K2, RAX, RAX);
        a.mov(R13, at(R9, GROUPS));
        a.mov(RBP, at(R8));
        Label group = a.here();
        a.mov(R12, at(R9, XS));
        Label each = a.here();
        Label rest = new Label();
        Label end = new Label();
        for (int r = 0; r < rows; r++) {
            a.zero(a.v(r));
        }
        a.mov(RBX, RCX);
        a.mov(R10, RSI);
        a.mov(R11, at(R9, VECTORS));
        a.test(R11, R11);
        a.jump(Condition.EQUAL, rest);
        Label loop = a.here();
        a.op(VMOVUPS, x, at(RBX));
        a.mov(RAX, R10);
        for (int r = 0; r < rows; r++) {
            if (type == DType.F32) {
                a.op(VFMADD231PS, a.v(r), x, at(RAX));
            } else {
                DecodeCode.widen(a, w, at(RAX), type == DType.BF16);
                a.op(VFMADD231PS, a.v(r), x, w);
            }
            if (r < rows - 1) {
                a.add(RAX, RDX);
            }
        }
        PrefetchCode.emit(a, RBP, R8, at(R9, LINES));
        a.add(R10, (int) type.bytes(level.lanes));
        a.add(RBX, level.bytes);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, loop);
        a.bind(rest);
        a.mov32(RAX, at(R9, TAIL));
        a.test(RAX, RAX);
        a.jump(Condition.EQUAL, end);
        a.load(x, at(RBX), Mask.K1);
        for (int r = 0; r < rows; r++) {
            a.load(w, at(R10), Mask.K1);
            a.op(VFMADD231PS, a.v(r), x, w);
            a.add(R10, RDX);
        }
        a.bind(end);
        sum(a, rows);
        a.op(VMULPS, a.v(0), a.v(0), a.broadcast(at(R9), x));
        a.store(at(RDI), a.v(0), Mask.K2);
        a.add(RDI, at(R9, Y_ROW));
        a.add(RCX, at(R9, X_ROW));
        a.dec(R12);
        a.jump(Condition.NOT_EQUAL, each);
        a.add(RSI, at(R9, GROUP_BYTES));
        a.dec(R13);
        a.jump(Condition.NOT_EQUAL, group);
        a.mov(at(R8), RBP);
        a.pop(R13);
        a.pop(R12);
        a.pop(RBP);
        a.pop(RBX);
        return a.end();
    }

    /// Reduces the lanes of registers 0 to `rows - 1` into the lanes of register 0, one a row, by halves.
    private void sum(Emitter a, int rows) {
        Vec left = a.v(level.lanes);
        Vec right = a.v(level.lanes + 1);
        for (int r = rows; r < level.lanes; r++) {
            a.zero(a.v(r));
        }
        // Within 128 bits: two rows to a register, then four.
        for (int r = 0; r < rows; r += 2) {
            a.op(VUNPCKLPS, left, a.v(r), a.v(r + 1));
            a.op(VUNPCKHPS, right, a.v(r), a.v(r + 1));
            a.op(VADDPS, a.v(r), left, right);
        }
        for (int r = 0; r < rows; r += 4) {
            a.op(VSHUFPS, left, a.v(r), a.v(r + 2), 0x44);
            a.op(VSHUFPS, right, a.v(r), a.v(r + 2), 0xee);
            a.op(VADDPS, a.v(r), left, right);
        }
        if (!a.isWide()) {
            a.op(VPERM2F128, left, a.v(0), a.v(4), 0x20);
            a.op(VPERM2F128, right, a.v(0), a.v(4), 0x31);
            a.op(VADDPS, a.v(0), left, right);
            return;
        }
        // Across 128-bit lanes: eight rows, then sixteen.
        for (int distance = 4; distance <= 8; distance *= 2) {
            for (int r = 0; r < (distance == 4 ? rows : 1); r += 8) {
                a.op(VSHUFF32X4, left, a.v(r), a.v(r + distance), 0x88);
                a.op(VSHUFF32X4, right, a.v(r), a.v(r + distance), 0xdd);
                a.op(VADDPS, a.v(r), left, right);
            }
        }
    }
}

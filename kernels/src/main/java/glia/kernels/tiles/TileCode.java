package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Op;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.decode.DecodeCode;
import glia.tensor.DType;
import java.lang.foreign.Arena;

/// The micro-kernel of all F32 GEMM: `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile of rows t and a panel of columns, with
/// the sizes of `TileShape`. The accumulators stay in registers, two or three vectors a row. A is read one value at a
/// time, with any two strides, so it needs no packing and may be transposed; B's rows are consecutive.
///
/// With `vdpbf16ps` the same loop multiplies BF16 pairs, k and k + 1 in 32 bits, and adds both products to the F32
/// accumulator: twice the values for the same bytes and instructions. B may also be FP16 or BF16, converted as it is
/// read, which adds a few instructions to the 24 multiplications of a row.
public final class TileCode {
    private static final int ROW_BITS = 40;
    /// Unroll factor. The fewer instructions besides the multiplications, the less is lost when another thread shares
    /// the core.
    private static final int UNROLLED = 4;
    /// Rows that are addressed from one register.
    private static final int BASE_ROWS = 8;
    /// How far ahead panels in memory are prefetched.
    private static final int BYTES_AHEAD = 3072;
    public static final PerIsaLevel<TileCode> TALL = of(TileShape.TALL, VFMADD231PS, DType.F32);
    public static final PerIsaLevel<TileCode> WIDE = of(TileShape.WIDE, VFMADD231PS, DType.F32);
    /// B is F16; B is BF16.
    static final PerIsaLevel<TileCode> HALVES = of(TileShape.TALL, VFMADD231PS, DType.F16);
    static final PerIsaLevel<TileCode> BFLOATS = of(TileShape.TALL, VFMADD231PS, DType.BF16);
    /// The loop over BF16 pairs, for processors with the instruction.
    static final PerIsaLevel<TileCode> PAIRS = of(TileShape.TALL, VDPBF16PS, DType.F32);

    private final IsaLevel level;
    private final TileShape shape;
    private final Op product;
    private final DType type;
    private final int rows;
    private final CodeOnDemand multiply;
    private final CodeOnDemand set;

    /// @param type of B, as the loop reads it
    private TileCode(IsaLevel level, TileShape shape, Op product, DType type) {
        this.level = level;
        this.shape = shape;
        this.product = product;
        this.type = type;
        rows = shape.rows(level);
        multiply = new CodeOnDemand(Arena.ofAuto(), rows * shape.vectors() + 1, size -> emit(size, true));
        set = new CodeOnDemand(Arena.ofAuto(), rows * shape.vectors() + 1, size -> emit(size, false));
    }

    TileShape shape() {
        return shape;
    }

    private static PerIsaLevel<TileCode> of(TileShape shape, Op product, DType type) {
        return new PerIsaLevel<>(level -> new TileCode(level, shape, product, type));
    }

    /// Multiplies a tile. Reads `tileRows · depth` values of A and `depth` rows of B; updates `tileRows` rows of C, in
    /// as many vectors as `cols` columns need.
    ///
    /// @param tileRows 1 to the shape's rows
    /// @param cols 1 to the shape's columns
    /// @param cRow bytes from row to row of C, below 2^40
    /// @param aRow bytes from row to row of A
    /// @param aStep bytes from k to k + 1 in A
    /// @param depth 1 to 2^23
    public void multiply(int tileRows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        multiply.of(size(tileRows, cols)).call(c, a, b, aRow, aStep, (long) depth << ROW_BITS | cRow);
    }

    /// As `multiply`, but overwrites C.
    public void set(int tileRows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        set.of(size(tileRows, cols)).call(c, a, b, aRow, aStep, (long) depth << ROW_BITS | cRow);
    }

    private int size(int tileRows, int cols) {
        return (cols - 1) / level.lanes * rows + tileRows;
    }

    private byte[] emit(int size, boolean adds) {
        int tileRows = (size - 1) % rows + 1;
        int vectors = (size - 1) / rows + 1;
        var a = new Emitter(level);
        a.push(RBX);
        a.push(R12);
        a.mov(RBX, R9);
        a.shl(RBX, 64 - ROW_BITS);
        a.shr(RBX, 64 - ROW_BITS);
        a.shr(R9, ROW_BITS);
        a.lea(R10, at(RCX, RCX, 2, 0));
        a.lea(R11, at(RCX, RCX, 4, 0));
        a.lea(RAX, at(R11, RCX, 2, 0));
        a.lea(R12, at(RSI, RCX, BASE_ROWS, 0));
        for (int i = 0; i < vectors * tileRows; i++) {
            a.zero(a.v(i));
        }
        Label rest = new Label();
        Label end = new Label();
        a.sub(R9, UNROLLED);
        a.jump(Condition.BELOW, rest);
        Label unrolled = a.here();
        steps(a, tileRows, vectors, UNROLLED);
        a.sub(R9, UNROLLED);
        a.jump(Condition.ABOVE_OR_EQUAL, unrolled);
        a.bind(rest);
        a.add(R9, UNROLLED);
        a.jump(Condition.EQUAL, end);
        Label single = a.here();
        steps(a, tileRows, vectors, 1);
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, single);
        a.bind(end);
        for (int t = 0; t < tileRows; t++) {
            for (int i = 0; i < vectors; i++) {
                Vec sum = a.v(vectors * t + i);
                if (adds) {
                    a.op(VADDPS, sum, sum, at(RDI, i * level.bytes));
                }
                a.op(VMOVUPS, at(RDI, i * level.bytes), sum);
            }
            a.add(RDI, RBX);
        }
        a.pop(R12);
        a.pop(RBX);
        return a.end();
    }

    /// Emits the multiplications for `count` steps of k. If registers suffice, a row of B is loaded while the previous
    /// one is multiplied, which hides latency when another thread shares the core.
    private void steps(Emitter a, int tileRows, int vectors, int count) {
        int sums = vectors * tileRows;
        boolean isAhead = sums + 2 * vectors < level.registers;
        int broadcast = sums + (isAhead ? 2 : 1) * vectors;
        for (int k = 0; k < count; k++) {
            int row = sums + (isAhead ? k % 2 * vectors : 0);
            int next = 2 * sums + vectors - row;
            if (k == 0 || !isAhead) {
                loadRow(a, k, vectors, row);
            }
            for (int t = 0; t < tileRows; t++) {
                Vec x = a.v(broadcast + t % (level.registers - broadcast));
                a.op(VBROADCASTSS, x, row(t));
                for (int i = 0; i < vectors; i++) {
                    a.op(product, a.v(vectors * t + i), x, a.v(row + i));
                }
                if (isAhead && t == tileRows / 2 && k + 1 < count) {
                    loadRow(a, k + 1, vectors, next);
                }
            }
            a.add(RSI, R8);
            if (tileRows > BASE_ROWS) {
                a.add(R12, R8);
            }
        }
        a.add(RDX, (int) (count * type.bytes(shape.cols(level))));
    }

    /// Loads the first vectors of B's row k to registers from `to` on.
    private void loadRow(Emitter a, int k, int vectors, int to) {
        int from = (int) (k * type.bytes(shape.cols(level)));
        if (type != DType.F32) {
            a.prefetch(Assembler.Cache.T1, at(RDX, from + BYTES_AHEAD));
        }
        for (int i = 0; i < vectors; i++) {
            Mem part = at(RDX, from + i * (int) type.bytes(level.lanes));
            if (type == DType.F32) {
                a.op(VMOVUPS, a.v(to + i), part);
            } else {
                DecodeCode.widen(a, a.v(to + i), part, type == DType.BF16);
            }
        }
    }

    /// The current position in row t of A. RSI points to row 0, R12 to row 8; RCX holds the distance of rows, R10, R11
    /// and RAX three, five and seven times that.
    private static Mem row(int t) {
        Gpr base = t < BASE_ROWS ? RSI : R12;
        return switch (t % BASE_ROWS) {
            case 0 -> at(base);
            case 1, 2, 4 -> at(base, RCX, t % BASE_ROWS, 0);
            case 3 -> at(base, R10, 1, 0);
            case 5 -> at(base, R11, 1, 0);
            case 6 -> at(base, R10, 2, 0);
            default -> at(base, RAX, 1, 0);
        };
    }

    /// The shape of a tile's accumulators, which fill three quarters of the registers: rows of A by vectors of B's
    /// columns.
    public enum TileShape {
        /// 12 rows by 2 vectors, or 6 with AVX2. Attention uses panels of this width for queries.
        TALL(2),
        /// 8 rows by 3 vectors, or 4: 11 loads of A or B for 24 multiplications, or 7 for 12, where the tall shape has
        /// 14 and 8. This is faster when another thread shares the core.
        WIDE(3);

        private final int vectors;

        TileShape(int vectors) {
            this.vectors = vectors;
        }

        /// Vectors of a row.
        int vectors() {
            return vectors;
        }

        /// Rows of a whole tile.
        public int rows(IsaLevel level) {
            return level.registers * 3 / (4 * vectors);
        }

        /// Columns of a panel.
        public int cols(IsaLevel level) {
            return vectors * level.lanes;
        }

        /// Size of a row of a panel, in bytes.
        int panelBytes(IsaLevel level) {
            return vectors * level.bytes;
        }
    }
}

package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Lanes;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.List;

/// Quantizes rows in blocks of 32 and dequantizes them, by `QuantizeCode`. Each call checks that both tensors are F32
/// and of one shape.
public final class QuantizeActivations extends RangeTask {
    /// Number of values in a call, which takes a few µs, unless a row has more.
    private static final int MAX_PER_CALL = 8192;

    private final IsaLevel level;
    private long y;
    private long x;
    private int cols;

    public QuantizeActivations(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// Computes `y = s · round(x / s)` as defined by `Precision.FAST`; y may be x.
    public void run(Tensor y, Tensor x) {
        if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || y.rows() != x.rows() || y.cols() != x.cols()) {
            throw new IllegalArgumentException(x + " quantized to " + y);
        }
        this.y = y.address();
        this.x = x.address();
        boolean whole = x.cols() % Precision.BLOCK == 0;
        // Rows of whole blocks are treated as one long row, which can be split between any two blocks.
        cols = whole ? Precision.BLOCK : x.cols();
        distribute(cols == 0 ? 0 : Math.toIntExact(x.size() / cols), 2L * cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int step = Math.max(1, MAX_PER_CALL / cols);
        for (int row = from; row < to; row += step) {
            long start = 4L * row * cols;
            int rows = Math.min(step, to - row);
            if (cols == Precision.BLOCK) {
                QuantizeCode.CODES.of(level).round(y + start, x + start, 1, rows * cols);
            } else {
                QuantizeCode.CODES.of(level).round(y + start, x + start, rows, cols);
            }
        }
    }

    /// Emits the quantization of blocks of 32 values as defined by `Precision.FAST`, with the bits of the scalar
    /// backend. Whether a block has outliers is decided by F64 sums in another order. If the two sides of the
    /// comparison are closer than any order could move them, the sum is recomputed in the scalar order.
    static final class QuantizeCode {
        private static final int BLOCK = Precision.BLOCK;
        private static final int ORDERED_GREATER = 30;
        /// The relative error of a sum of 32 squares is below 32 · 2^-53.
        private static final double DOUBT = 0x1p-46;

        /// The offset of the block's size in the red zone below the stack, which a System V leaf function may use.
        private static final int COUNT = -16;

        /// The block's values, in up to four registers.
        private static final int X = 0;
        private static final int LARGEST = 4;
        private static final int SQUARES = 5;
        private static final int FOUND = 6;
        private static final int SCALE = 7;
        private static final int TEMPORARY = 8;
        private static final int OTHER = 9;
        /// The values present in each register of a short block.
        private static final Mask[] EXISTING = {Mask.K1, Mask.K2, Mask.K3, Mask.K4};
        private static final Mask CHOICE = Mask.K5;
        private static final Mask ALMOST = Mask.K6;

        static final PerIsaLevel<QuantizeCode> CODES = new PerIsaLevel<>(QuantizeCode::new);

        private final IsaLevel level;
        private final int parts;
        private final Constants constants;
        private final Function round;
        private final Emitter a;

        private QuantizeCode(IsaLevel level) {
            this.level = level;
            parts = BLOCK / level.lanes;
            Arena arena = Arena.ofAuto();
            constants = new Constants(arena, R11, level);
            a = new Emitter(level);
            round = CodePages.seal(arena, List.of(emit())).function(0);
        }

        /// Computes `y = x`, quantized, for `rows` rows of `cols` values, at least 1 of each.
        void round(long y, long x, int rows, int cols) {
            round.call(y, x, rows, cols, 0, 0);
        }

        private byte[] emit() {
            constants.load(a);
            double limit = Precision.OUTLIER * Precision.OUTLIER;
            Mem below = constants.doubles(limit * (1 - DOUBT));
            Mem exact = constants.doubles(limit);
            Mem above = constants.doubles(limit * (1 + DOUBT));
            // y RDI, x RSI, rows RDX, values left in the row RCX, cols R9.
            a.mov(R9, RCX);
            Label row = a.here();
            Label rest = new Label();
            Label rowEnd = new Label();
            a.mov(RCX, R9);
            a.mov(RAX, BLOCK);
            count();
            a.cmp(RCX, BLOCK);
            a.jump(Condition.LESS, rest);
            Label loop = a.here();
            block(false, below, exact, above);
            a.add(RDI, 4 * BLOCK);
            a.add(RSI, 4 * BLOCK);
            a.sub(RCX, BLOCK);
            a.cmp(RCX, BLOCK);
            a.jump(Condition.GREATER_OR_EQUAL, loop);
            a.bind(rest);
            a.test(RCX, RCX);
            a.jump(Condition.EQUAL, rowEnd);
            a.mov(RAX, 1);
            a.shlByCl(RAX);
            a.dec(RAX);
            for (int part = 0; part < parts; part++) {
                a.mask(EXISTING[part], RAX, R10);
                a.shr(RAX, level.lanes);
            }
            a.mov(RAX, RCX);
            count();
            block(true, below, exact, above);
            a.lea(RDI, at(RDI, RCX, 4, 0));
            a.lea(RSI, at(RSI, RCX, 4, 0));
            a.bind(rowEnd);
            a.dec(RDX);
            a.jump(Condition.NOT_EQUAL, row);
            return a.end();
        }

        /// `COUNT = RAX`, as a 64-bit float.
        private void count() {
            a.op(VMOVD, xmm(TEMPORARY), RAX);
            a.op(VPSHUFD, xmm(TEMPORARY), xmm(TEMPORARY), 0);
            a.op(VCVTDQ2PD, xmm(TEMPORARY), xmm(TEMPORARY));
            a.op(VMOVUPS, at(RSP, COUNT), xmm(TEMPORARY));
        }

        private static Mask existing(int part, boolean isShort) {
            return isShort ? EXISTING[part] : Mask.K0;
        }

        /// Quantizes one block.
        ///
        /// @param isShort whether only RCX values, those of the masks, exist; otherwise 32
        private void block(boolean isShort, Mem below, Mem exact, Mem above) {
            Label decided = new Label();
            for (int part = 0; part < parts; part++) {
                a.load(a.v(X + part), at(RSI, part * level.bytes), existing(part, isShort));
            }
            largest();
            squares();
            // found = largest² · count, which is exact. Is it above the limit, and is it close?
            a.op(VCVTPS2PD, xmm(FOUND), xmm(LARGEST));
            a.op(VMULPD, xmm(FOUND), xmm(FOUND), xmm(FOUND));
            a.op(VMULPD, xmm(FOUND), xmm(FOUND), at(RSP, COUNT));
            a.op(VMULPD, xmm(TEMPORARY), xmm(SQUARES), above);
            a.compareDoubles(CHOICE, xmm(FOUND), xmm(TEMPORARY), ORDERED_GREATER);
            a.op(VMULPD, xmm(TEMPORARY), xmm(SQUARES), below);
            a.compareDoubles(ALMOST, xmm(FOUND), xmm(TEMPORARY), ORDERED_GREATER);
            a.bits(RAX, CHOICE);
            a.bits(R10, ALMOST);
            a.cmp(RAX, R10);
            a.jump(Condition.EQUAL, decided);
            squaresInOrder(isShort);
            a.op(VMULPD, xmm(TEMPORARY), xmm(SQUARES), exact);
            a.compareDoubles(CHOICE, xmm(FOUND), xmm(TEMPORARY), ORDERED_GREATER);
            a.bind(decided);
            constants.fill(a, xmm(TEMPORARY), Precision.STEPS);
            constants.fill(a, xmm(OTHER), Precision.MAX_STEPS);
            a.blend(xmm(TEMPORARY), CHOICE, xmm(OTHER));
            a.op(VDIVPS, xmm(SCALE), xmm(LARGEST), xmm(TEMPORARY));
            ScaleCode.emit(a, constants, SCALE, OTHER);
            a.op(VBROADCASTSS, a.v(SCALE), xmm(SCALE));
            a.op(VBROADCASTSS, a.v(OTHER), xmm(OTHER));
            for (int part = 0; part < parts; part++) {
                Vec x = a.v(X + part);
                a.op(VMULPS, x, x, a.v(OTHER));
                a.round(x, x);
                a.op(VMULPS, x, x, a.v(SCALE));
                a.store(at(RDI, part * level.bytes), x, existing(part, isShort));
            }
        }

        /// The largest magnitude, in all of the register's lowest lanes. As integers, magnitudes have the order of the
        /// floats, with NaN above infinity.
        private void largest() {
            for (int part = 0; part < parts; part++) {
                Vec magnitude = a.v(part == 0 ? LARGEST : TEMPORARY);
                a.and(magnitude, a.v(X + part), constants.of(Integer.MAX_VALUE));
                if (part > 0) {
                    a.op(VPMAXSD, a.v(LARGEST), a.v(LARGEST), magnitude);
                }
            }
            Lanes.reduce(a, VPMAXSD, LARGEST, TEMPORARY, 4);
        }

        /// `Σ x²` in the register's two lowest lanes.
        private void squares() {
            for (int i = 0; i < 2 * parts; i++) {
                Vec sum = a.v(i % 2 == 0 ? SQUARES : FOUND);
                Vec x = a.half(X + i / 2);
                if (i % 2 == 1) {
                    a.upperHalf(a.half(TEMPORARY), a.v(X + i / 2));
                    x = a.half(TEMPORARY);
                }
                a.op(VCVTPS2PD, a.v(TEMPORARY), x);
                if (i < 2) {
                    a.op(VMULPD, sum, a.v(TEMPORARY), a.v(TEMPORARY));
                } else {
                    a.op(VFMADD231PD, sum, a.v(TEMPORARY), a.v(TEMPORARY));
                }
            }
            a.op(VADDPD, a.v(SQUARES), a.v(SQUARES), a.v(FOUND));
            Lanes.reduce(a, VADDPD, SQUARES, TEMPORARY, 8);
        }

        /// Computes the same sum from the first value to the last. Squares of F32 values are exact in F64, so a fused
        /// multiply-add rounds like an addition.
        private void squaresInOrder(boolean isShort) {
            a.zero(xmm(SQUARES));
            if (isShort) {
                a.mov(R8, RCX);
            } else {
                a.mov(R8, BLOCK);
            }
            a.mov(RAX, RSI);
            Label loop = a.here();
            a.op(VBROADCASTSS, xmm(TEMPORARY), at(RAX));
            a.op(VCVTPS2PD, xmm(TEMPORARY), xmm(TEMPORARY));
            a.op(VFMADD231PD, xmm(SQUARES), xmm(TEMPORARY), xmm(TEMPORARY));
            a.add(RAX, 4);
            a.dec(R8);
            a.jump(Condition.NOT_EQUAL, loop);
        }
    }

    /// Emits `Precision.scale`.
    public static final class ScaleCode {
        private static final int NAN = Float.floatToRawIntBits(Float.NaN);
        private static final int MIN_NORMAL = Float.floatToRawIntBits(Float.MIN_NORMAL);
        private static final float MAX = Math.nextDown(Precision.SCALE_LIMIT);

        private ScaleCode() { }

        /// Computes `scale = Precision.scale` and `inverse = 1 / scale` in the four lowest lanes. As integers, values
        /// that are not negative have the order of the floats, with NaN above all.
        ///
        /// @param scale `largest / steps`; both registers are below 16
        public static void emit(Emitter a, Constants constants, int scale, int inverse) {
            Vec s = xmm(scale);
            Vec other = xmm(inverse);
            a.op(VPMINSD, s, s, constants.of(NAN));
            a.op(VPADDD, s, s, constants.of(Precision.SCALE_REST));
            a.and(s, s, constants.of(~Precision.SCALE_REST));
            a.op(VPMAXSD, s, s, constants.of(MIN_NORMAL));
            constants.fill(a, other, MAX);
            a.op(VPCMPGTD, other, s, other);
            a.and(other, other, constants.of(NAN));
            a.op(VPMAXSD, s, s, other);
            constants.fill(a, other, 1);
            a.op(VDIVPS, other, other, s);
        }
    }
}

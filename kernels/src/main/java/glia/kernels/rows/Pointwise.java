package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.MaskedLoop;
import glia.kernels.code.MathCode.ExpCode;
import glia.kernels.code.MathCode.NormalCode;
import glia.kernels.code.MathCode.TanhCode;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.List;

/// Elementwise operations, by `PointwiseCode`. Each call checks that all operands are F32 and have the required sizes.
public final class Pointwise extends RangeTask {
    private enum Op { ADD, SCALE, ADD_ROW, ACTIVATE }

    /// Values in a unit of work.
    private static final int UNIT = 1024;
    /// Maximal number of values in a call, which takes a few µs.
    private static final int MAX_PER_CALL = 8192;

    private final IsaLevel level;
    private Op op;
    private long y;
    private long a;
    private long b;
    private long size;
    private int cols;
    private float factor;
    private Function activation;

    public Pointwise(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// Computes `y = a + scale · b`; y may be a or b.
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        factor = scale;
        run(Op.ADD, y, a, b, 1);
    }

    /// Computes `y[n,:] = x[n,:] + b`; y may be x.
    public void addRow(Tensor y, Tensor x, Tensor b) {
        requireF32(y, x, b);
        if (y.size() != x.size() || b.size() != x.cols()) {
            throw new IllegalArgumentException(x + " + " + b + " for each row is not " + y);
        }
        cols = x.cols();
        op = Op.ADD_ROW;
        set(y, x, b);
        distribute(cols == 0 ? 0 : x.rows(), cols);
    }

    /// Computes `y = scale · x`; y may be x.
    public void scale(Tensor y, Tensor x, float scale) {
        factor = scale;
        run(Op.SCALE, y, x, x, 1);
    }

    /// Computes `y = f(x)`; y may be x.
    public void activate(Tensor y, Tensor x, Activation f) {
        activation = PointwiseCode.CODES.of(level).activation(f, false);
        run(Op.ACTIVATE, y, x, x, 2);
    }

    /// Computes `y = f(gate) · up`; y may be gate or up.
    public void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        activation = PointwiseCode.CODES.of(level).activation(f, true);
        run(Op.ACTIVATE, y, gate, up, 2);
    }

    private void run(Op op, Tensor y, Tensor a, Tensor b, int cost) {
        requireF32(y, a, b);
        if (y.size() != a.size() || y.size() != b.size()) {
            throw new IllegalArgumentException(y + ", " + a + " and " + b + " are not of one size");
        }
        this.op = op;
        set(y, a, b);
        distribute(Math.toIntExact(Math.ceilDiv(size, (long) UNIT)), (long) UNIT * cost);
    }

    private static void requireF32(Tensor y, Tensor a, Tensor b) {
        if (y.dtype() != DType.F32 || a.dtype() != DType.F32 || b.dtype() != DType.F32) {
            throw new IllegalArgumentException(y + ", " + a + " and " + b + " are not all F32");
        }
    }

    private void set(Tensor y, Tensor a, Tensor b) {
        this.y = y.address();
        this.a = a.address();
        this.b = b.address();
        size = y.size();
    }

    @Override
    protected void range(int from, int to, int worker) {
        if (op == Op.ADD_ROW) {
            rows(from, to);
            return;
        }
        long end = Math.min(size, (long) to * UNIT);
        for (long i = (long) from * UNIT; i < end; i += MAX_PER_CALL) {
            long count = Math.min(MAX_PER_CALL, end - i);
            switch (op) {
                case ADD -> PointwiseCode.CODES.of(level).add(y + 4 * i, a + 4 * i, b + 4 * i, count, factor);
                case SCALE -> PointwiseCode.CODES.of(level).scale(y + 4 * i, a + 4 * i, count, factor);
                case ACTIVATE -> PointwiseCode.apply(activation, y + 4 * i, a + 4 * i, b + 4 * i, count);
                case ADD_ROW -> throw new IllegalStateException();
            }
        }
    }

    private void rows(int from, int to) {
        int step = Math.max(1, MAX_PER_CALL / cols);
        for (int row = from; row < to; row += step) {
            long start = 4L * row * cols;
            PointwiseCode.CODES.of(level).addRow(y + start, a + start, b, Math.min(step, to - row), cols);
        }
    }

    /// Emits elementwise operations. Sums, products and ReLU have the bits of the scalar backend. SiLU and tanh GELU
    /// are `x / (1 + e^-u)`, within 6e-7 of the larger of their value and `min(|x|, 0.1)`. GELU is `x · Φ(x)` within
    /// `3e-7 · |x|`, with `Φ(x) = erfc(-x/√2) / 2` by formula 7.1.26 of Abramowitz and Stegun, which is exact to
    /// 1.5e-7.
    public static final class PointwiseCode {
        public static final PerIsaLevel<PointwiseCode> CODES = new PerIsaLevel<>(PointwiseCode::new);

        private final IsaLevel level;
        private final Arena arena = Arena.ofAuto();
        private final Constants constants;
        private final Function add;
        private final Function scale;
        private final Function addRow;
        /// By function and whether it is gated; emitted at first use, since most models have one.
        private final CodeOnDemand activations = new CodeOnDemand(arena, 2 * Activation.values().length,
                f -> activate(Activation.values()[f / 2], f % 2 == 1));
        private final Vec x;
        private final Vec u;
        private final Vec t;
        private final Vec spare;
        private final Vec phi;
        /// These two are constant throughout the loop: 0 or 1, and the factor or a constant.
        private final Vec unit;
        private final Vec factor;

        private PointwiseCode(IsaLevel level) {
            this.level = level;
            x = level.v(0);
            u = level.v(1);
            t = level.v(2);
            spare = level.v(3);
            phi = level.v(4);
            unit = level.v(5);
            factor = level.v(6);
            constants = new Constants(arena, R11, level);
            CodePages pages = CodePages.seal(arena, List.of(add(), scale(), addRow()));
            add = pages.function(0);
            scale = pages.function(1);
            addRow = pages.function(2);
        }

        /// Computes `y = a + by · b` for `count` values.
        public void add(long y, long a, long b, long count, float by) {
            add.call(y, a, b, count, Float.floatToRawIntBits(by), 0);
        }

        /// Computes `y = by · x`.
        public void scale(long y, long from, long count, float by) {
            scale.call(y, from, 0, count, Float.floatToRawIntBits(by), 0);
        }

        /// Computes `y = x + b` for `rows` rows, at least 1, of `cols` values; b is one row.
        void addRow(long y, long from, long b, long rows, long cols) {
            addRow.call(y, from, b, 0, rows, cols);
        }

        /// The code of `y = f(a)`, or `y = f(a) · b` if gated, for `apply`.
        public Function activation(Activation f, boolean gated) {
            return activations.of(2 * f.ordinal() + (gated ? 1 : 0));
        }

        /// @param b ignored if the code is not gated
        public static void apply(Function activation, long y, long a, long b, long count) {
            activation.call(y, a, b, count, 0, 0);
        }

        private byte[] add() {
            var emitter = new Emitter(level);
            emitter.broadcast(factor, R8);
            MaskedLoop.emit(emitter, level.lanes, 4, R10, (a, at, copy, mask) -> {
                a.load(u, at(RDX, RAX, 1, at), mask);
                a.op(VMULPS, u, u, factor);
                a.load(x, at(RSI, RAX, 1, at), mask);
                a.op(VADDPS, x, x, u);
                a.store(at(RDI, RAX, 1, at), x, mask);
            });
            return emitter.end();
        }

        private byte[] scale() {
            var emitter = new Emitter(level);
            emitter.broadcast(factor, R8);
            MaskedLoop.emit(emitter, level.lanes, 4, R10, (a, at, copy, mask) -> {
                a.load(x, at(RSI, RAX, 1, at), mask);
                a.op(VMULPS, x, x, factor);
                a.store(at(RDI, RAX, 1, at), x, mask);
            });
            return emitter.end();
        }

        private byte[] addRow() {
            var emitter = new Emitter(level);
            Label row = emitter.here();
            emitter.mov(RCX, R9);
            MaskedLoop.emit(emitter, level.lanes, 4, R10, (a, at, copy, mask) -> {
                a.load(x, at(RSI, RAX, 1, at), mask);
                a.load(u, at(RDX, RAX, 1, at), mask);
                a.op(VADDPS, x, x, u);
                a.store(at(RDI, RAX, 1, at), x, mask);
            });
            emitter.lea(RSI, at(RSI, R9, 4, 0));
            emitter.lea(RDI, at(RDI, R9, 4, 0));
            emitter.dec(R8);
            emitter.jump(Condition.NOT_EQUAL, row);
            return emitter.end();
        }

        private byte[] activate(Activation f, boolean gated) {
            var emitter = new Emitter(level);
            constants.load(emitter);
            constants.fill(emitter, unit, f == Activation.RELU || f == Activation.RELU_SQUARED ? 0 : 1);
            if (f == Activation.GELU_TANH) {
                constants.fill(emitter, factor, -1.5957691216f);
            }
            MaskedLoop.emit(emitter, level.lanes, 2, R10, (a, at, copy, mask) -> {
                a.load(x, at(RSI, RAX, 1, at), mask);
                function(a, f);
                if (gated) {
                    a.load(u, at(RDX, RAX, 1, at), mask);
                    a.op(VMULPS, x, x, u);
                }
                a.store(at(RDI, RAX, 1, at), x, mask);
            });
            return emitter.end();
        }

        /// `x = f(x)`
        private void function(Emitter a, Activation f) {
            switch (f) {
                case SILU -> {
                    a.op(VXORPS, u, x, constants.of(1 << 31));
                    divideBySigmoid(a);
                }
                case GELU_TANH -> {
                    // (1 + tanh v) / 2 = 1 / (1 + e^-2v)
                    a.op(VMULPS, u, x, x);
                    a.op(VFMADD132PS, u, factor, constants.of(-0.0713548162f));
                    a.op(VMULPS, u, u, x);
                    divideBySigmoid(a);
                }
                case GELU -> gelu(a);
                case TANH -> TanhCode.emit(a, constants, x, u, t, spare);
                case RELU -> relu(a);
                case RELU_SQUARED -> {
                    relu(a);
                    a.op(VMULPS, x, x, x);
                }
            }
        }

        /// `x = x / (1 + e^u)`
        private void divideBySigmoid(Emitter a) {
            ExpCode.emit(a, constants, u, t, spare);
            a.op(VADDPS, u, u, unit);
            a.op(VDIVPS, x, x, u);
        }

        /// The larger of 0 and x; 0 for -0. NaN, as the last operand, stays.
        private void relu(Emitter a) {
            a.op(VMAXPS, x, unit, x);
            a.op(VADDPS, x, x, unit);
        }

        private void gelu(Emitter a) {
            NormalCode.emit(a, constants, x, unit, phi, u, t, spare);
            a.op(VMULPS, x, x, phi);
        }
    }
}

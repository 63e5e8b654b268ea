package glia.kernels.rows;

import glia.kernels.code.Function;
import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

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
        activation = PointwiseCode.of(level).activation(f, false);
        run(Op.ACTIVATE, y, x, x, 2);
    }

    /// Computes `y = f(gate) · up`; y may be gate or up.
    public void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        activation = PointwiseCode.of(level).activation(f, true);
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
                case ADD -> PointwiseCode.of(level).add(y + 4 * i, a + 4 * i, b + 4 * i, count, factor);
                case SCALE -> PointwiseCode.of(level).scale(y + 4 * i, a + 4 * i, count, factor);
                case ACTIVATE -> PointwiseCode.apply(activation, y + 4 * i, a + 4 * i, b + 4 * i, count);
                case ADD_ROW -> throw new IllegalStateException();
            }
        }
    }

    private void rows(int from, int to) {
        int step = Math.max(1, MAX_PER_CALL / cols);
        for (int row = from; row < to; row += step) {
            long start = 4L * row * cols;
            PointwiseCode.of(level).addRow(y + start, a + start, b, Math.min(step, to - row), cols);
        }
    }
}

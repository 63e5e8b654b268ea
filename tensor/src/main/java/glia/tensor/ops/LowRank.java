package glia.tensor.ops;

import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// A weight with a low-rank adapter, `W + scale · B · A` (LoRA, https://arxiv.org/abs/2106.09685). The sum is never
/// materialized: `y = x · Wᵀ + scale · (x · Aᵀ) · Bᵀ`. The base may be of any kind, including quantized (QLoRA,
/// https://arxiv.org/abs/2305.14314) and adapted weights. Gradients go to A, B and the base, as far as they are
/// trainable.
public final class LowRank implements Weight {
    private final Weight base;
    private final Stored a;
    private final Stored b;
    private final float scale;

    /// @param base W `[R, K]`
    /// @param a `[r, K]`
    /// @param b `[R, r]`
    /// @throws IllegalArgumentException if the shapes do not fit each other
    public LowRank(Weight base, Stored a, Stored b, float scale) {
        long[] shape = base.shape();
        if (shape.length != 2 || !a.tensor().is(b.cols(), shape[1]) || !b.tensor().is(shape[0], a.rows())) {
            throw new IllegalArgumentException("a low-rank adapter of A " + a.tensor() + " and B " + b.tensor()
                    + " does not fit a weight of shape " + Arrays.toString(shape) + "; it needs A [r, "
                    + shape[shape.length - 1] + "] and B [" + shape[0] + ", r]");
        }
        this.base = base;
        this.a = a;
        this.b = b;
        this.scale = scale;
    }

    /// The base W.
    public Weight base() {
        return base;
    }

    /// The matrix A, `[r, K]`.
    public Stored a() {
        return a;
    }

    /// The matrix B, `[R, r]`.
    public Stored b() {
        return b;
    }

    public float scale() {
        return scale;
    }

    /// The rank r: the number of rows of A.
    public int rank() {
        return a.rows();
    }

    @Override
    public int rows() {
        return b.rows();
    }

    @Override
    public int cols() {
        return a.cols();
    }

    @Override
    public long[] shape() {
        return base.shape();
    }

    @Override
    public long version() {
        return base.version() + a.version() + b.version();
    }

    @Override
    public String format() {
        return base.format() + " + rank " + rank();
    }

    @Override
    public long sizeBytes() {
        return base.sizeBytes() + a.sizeBytes() + b.sizeBytes();
    }

    @Override
    public boolean isQuantized() {
        return base.isQuantized();
    }

    @Override
    public LowRank rows(int from, int to) {
        return new LowRank(base.rows(from, to), a, b.rows(from, to), scale);
    }

    @Override
    public String toString() {
        return format() + Arrays.toString(shape());
    }

    /// Returns the sum as one matrix.
    @Override
    public Tensor toF32(Arena arena) {
        Tensor sum = base.toF32(arena);
        try (Arena scratch = Arena.ofConfined()) {
            Tensor up = b.toF32(scratch);
            Tensor down = a.toF32(scratch);
            double[] row = new double[cols()];
            for (int r = 0; r < rows(); r++) {
                Arrays.fill(row, 0);
                for (int i = 0; i < rank(); i++) {
                    double factor = up.get((long) r * rank() + i);
                    for (int k = 0; k < row.length; k++) {
                        row[k] += factor * down.get((long) i * row.length + k);
                    }
                }
                for (int k = 0; k < row.length; k++) {
                    long at = (long) r * row.length + k;
                    sum.set(at, (float) (sum.get(at) + scale * row[k]));
                }
            }
        }
        return sum;
    }
}

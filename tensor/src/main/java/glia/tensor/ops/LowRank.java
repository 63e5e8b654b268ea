package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A weight with a low-rank adapter, `W + scale · B · A` (LoRA, https://arxiv.org/abs/2106.09685). The sum is never
/// materialized: `y = x · Wᵀ + scale · (x · Aᵀ) · Bᵀ`. The base may be of any kind, including quantized (QLoRA,
/// https://arxiv.org/abs/2305.14314) and adapted weights. Gradients go to A, B and the base, as far as they are
/// trainable.
///
/// An adapter may have a bias c of B's output, `y += scale · c`, and magnitudes (`Magnitudes`, DoRA).
public final class LowRank implements Weight {
    private final Weight base;
    private final Stored a;
    private final Stored b;
    private final float scale;
    private final Optional<Stored> bias;
    private final Optional<Magnitudes> magnitudes;
    /// The number of the adapter whose rows of a batch have it; 0 for all rows.
    private final int number;

    private LowRank(Weight base, Stored a, Stored b, float scale, Optional<Stored> bias,
            Optional<Magnitudes> magnitudes, int number) {
        this.base = base;
        this.a = a;
        this.b = b;
        this.scale = scale;
        this.bias = bias;
        this.magnitudes = magnitudes;
        this.number = number;
    }

    /// @param base W `[R, K]`
    /// @param a `[r, K]`
    /// @param b `[R, r]`
    /// @throws IllegalArgumentException if the shapes do not fit each other
    public LowRank(Weight base, Stored a, Stored b, float scale) {
        this(base, a, b, scale, Optional.empty(), Optional.empty(), 0);
        long[] shape = base.shape();
        if (shape.length != 2 || !a.tensor().is(b.cols(), shape[1]) || !b.tensor().is(shape[0], a.rows())) {
            throw new IllegalArgumentException("a low-rank adapter of A " + a.tensor() + " and B " + b.tensor()
                    + " does not fit a weight of shape " + Arrays.toString(shape) + "; it needs A [r, "
                    + shape[shape.length - 1] + "] and B [" + shape[0] + ", r]");
        }
    }

    /// A copy with a bias of B's output, which is added before the scale. Only products have it, not lookups.
    ///
    /// @param c `[R]`, F32
    /// @throws IllegalArgumentException if the shape does not fit, or there are magnitudes, which exclude a bias
    public LowRank withBias(Stored c) {
        require(c, rows(), "a bias of B");
        if (magnitudes.isPresent()) {
            throw new IllegalArgumentException("an adapter with magnitudes (DoRA) has no bias of B");
        }
        return new LowRank(base, a, b, scale, Optional.of(c), magnitudes, number);
    }

    /// A copy whose rows, or columns, have learned magnitudes (DoRA).
    ///
    /// @param axis rows for a matrix that is multiplied, columns for an embedding table
    /// @param m `[R]` or `[K]`, F32
    /// @throws IllegalArgumentException if the shape does not fit, or there is a bias
    public LowRank withMagnitudes(Magnitudes.Axis axis, Stored m) {
        require(m, axis == Magnitudes.Axis.ROWS ? rows() : cols(), "a magnitude vector");
        if (bias.isPresent()) {
            throw new IllegalArgumentException("an adapter with a bias of B has no magnitudes (DoRA)");
        }
        return new LowRank(base, a, b, scale, bias, Optional.of(new Magnitudes(this, axis, m)), number);
    }

    /// A copy that only the rows of one adapter have (`RowAdapters`), over a weight that may have other adapters.
    /// Magnitudes stay those of this adapter alone.
    ///
    /// @param adapter the number of the adapter, 1 or more
    /// @param others this adapter's base, or that with the adapters of other rows
    public LowRank of(int adapter, Weight others) {
        return new LowRank(others, a, b, scale, bias, magnitudes, adapter);
    }

    /// The number of the adapter whose rows have it; 0 for all rows.
    int number() {
        return number;
    }

    private void require(Stored vector, int size, String what) {
        if (vector.tensor().dtype() != DType.F32 || !vector.tensor().is(size)) {
            throw new IllegalArgumentException(what + " of " + vector.tensor() + " does not fit an adapter of shape "
                    + Arrays.toString(shape()) + "; it needs F32 [" + size + "]");
        }
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

    /// The bias of B's output, `[R]`.
    public Optional<Stored> bias() {
        return bias;
    }

    /// The magnitudes of a weight-decomposed adapter.
    public Optional<Magnitudes> magnitudes() {
        return magnitudes;
    }

    /// The weights it is made of: base, A, B and, where it has them, bias and magnitudes.
    public List<Weight> parts() {
        List<Weight> parts = new ArrayList<>(List.of(base, a, b));
        bias.ifPresent(parts::add);
        magnitudes.ifPresent(m -> parts.add(m.vector()));
        return parts;
    }

    /// This adapter without its bias.
    public LowRank withoutBias() {
        return new LowRank(base, a, b, scale, Optional.empty(), magnitudes, number);
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
        return base.version() + a.version() + b.version() + (bias.isPresent() ? bias.get().version() : 0)
                + (magnitudes.isPresent() ? magnitudes.get().vector().version() : 0);
    }

    @Override
    public String format() {
        return base.format() + " + rank " + rank() + (magnitudes.isPresent() ? " with magnitudes" : "");
    }

    @Override
    public long sizeBytes() {
        return base.sizeBytes() + a.sizeBytes() + b.sizeBytes() + bias.map(Stored::sizeBytes).orElse(0L)
                + magnitudes.map(m -> m.vector().sizeBytes()).orElse(0L);
    }

    @Override
    public boolean isQuantized() {
        return base.isQuantized();
    }

    @Override
    public LowRank rows(int from, int to) {
        return new LowRank(base.rows(from, to), a, b.rows(from, to), scale, bias.map(c -> elements(c, from, to)),
                magnitudes.map(m -> m.rows(from, to)), number);
    }

    private static Stored elements(Stored vector, int from, int to) {
        return new Stored(elements(vector.tensor(), from, to));
    }

    /// A view of elements of an F32 vector.
    static Tensor elements(Tensor vector, int from, int to) {
        return vector.view(4L * from, DType.F32, to - from);
    }

    @Override
    public String toString() {
        return format() + Arrays.toString(shape());
    }

    /// Returns the adapted weight as one matrix.
    ///
    /// @throws IllegalArgumentException if the adapter has a bias, which no matrix can express
    @Override
    public Tensor toF32(Arena arena) {
        if (bias.isPresent()) {
            throw new IllegalArgumentException("an adapter with a bias of B (lora_bias) is no matrix");
        }
        Tensor sum = base.toF32(arena);
        try (Arena scratch = Arena.ofConfined()) {
            float[] up = b.toF32(scratch).toArray();
            float[] down = a.toF32(scratch).toArray();
            double[] row = new double[cols()];
            for (int r = 0; r < rows(); r++) {
                Arrays.fill(row, 0);
                for (int i = 0; i < rank(); i++) {
                    double factor = up[r * rank() + i];
                    for (int k = 0; k < row.length; k++) {
                        row[k] += factor * down[i * row.length + k];
                    }
                }
                long at = sum.address() + r * sum.rowBytes();
                for (int k = 0; k < row.length; k++) {
                    Memory.f32(at + 4L * k, (float) (Memory.f32(at + 4L * k) + scale * row[k]));
                }
            }
        }
        magnitudes.ifPresent(m -> m.apply(sum));
        return sum;
    }
}

package glia.tensor.ops.row;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;

/// A linear map with a matrix for each head: `y[n,h] = W_h · x[n,h]`, or with the transposed matrices. Latent attention
/// in absorbed form uses it (https://arxiv.org/abs/2405.04434): instead of expanding every cached latent to keys, it
/// multiplies the queries by the transposed expansion matrix.
///
/// @param x `[N, H·a]`, or `[N, a]`, shared by all heads
/// @param direction whether the sizes a and b of a head in and out are columns and rows of a matrix or the reverse
public record PerHeadLinear(Tensor x, HeadWeights w, Direction direction)
        implements Operation.Rounded, Operation.ReadsInputs {
    /// The direction of the map.
    public enum Direction {
        /// `W_h · x`: columns to rows.
        FORWARD,
        /// `W_hᵀ · x`: rows to columns.
        TRANSPOSED
    }

    public PerHeadLinear {
        int in = direction == Direction.FORWARD ? w.cols() : w.rows();
        Compute.require(x.cols() == in || x.cols() == (long) w.numHeads() * in, "per-head linear", x, w);
    }

    private int in() {
        return direction == Direction.FORWARD ? w.cols() : w.rows();
    }

    private int out() {
        return direction == Direction.FORWARD ? w.rows() : w.cols();
    }

    /// Columns from one head of x to the next, 0 if they share it.
    private int step() {
        return x.cols() == in() ? 0 : in();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), w.numHeads() * out());
        int mark = ops.mark();
        Tensor part = ops.allocate(x.rows(), in());
        Tensor product = ops.allocate(x.rows(), out());
        for (int h = 0; h < w.numHeads(); h++) {
            if (h == 0 || step() > 0) {
                copy(x, h * step(), part, 0, in());
            }
            switch (direction) {
                case FORWARD -> ops.products().multiply(product, part, w.matrix(h));
                case TRANSPOSED -> {
                    product.zero();
                    ops.products().addInputGradient(product, part, w.matrix(h));
                }
            }
            copy(product, 0, y, h * out(), out());
        }
        ops.release(mark);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(w.weight());
    }

    /// Forward: `dx_h += W_hᵀ · dy_h`, `dW_h += dy_h · x_hᵀ`; transposed: `dx_h += W_h · dy_h`, `dW_h += x_h · dy_hᵀ`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Tensor part = tape.scratch(x.rows(), in());
        Tensor seed = tape.scratch(x.rows(), out());
        Tensor back = tape.scratch(x.rows(), in());
        for (int h = 0; h < w.numHeads(); h++) {
            copy(dy, h * out(), seed, 0, out());
            if (tape.needs(w.weight())) {
                copy(x, h * step(), part, 0, in());
                switch (direction) {
                    case FORWARD -> w.addGradient(tape, h, seed, part);
                    case TRANSPOSED -> w.addGradient(tape, h, part, seed);
                }
            }
            if (tape.needs(x)) {
                switch (direction) {
                    case FORWARD -> {
                        back.zero();
                        tape.products().addInputGradient(back, seed, w.matrix(h));
                    }
                    case TRANSPOSED -> tape.products().multiply(back, seed, w.matrix(h));
                }
                add(back, dx, h * step());
            }
        }
    }

    private static void copy(Tensor from, int fromCol, Tensor to, int toCol, int count) {
        for (int n = 0; n < from.rows(); n++) {
            MemorySegment.copy(from.memory(), 4 * ((long) n * from.cols() + fromCol), to.memory(),
                    4 * ((long) n * to.cols() + toCol), 4L * count);
        }
    }

    private static void add(Tensor from, Tensor to, int toCol) {
        for (int n = 0; n < from.rows(); n++) {
            long source = from.address() + 4L * n * from.cols();
            long target = to.address() + 4 * ((long) n * to.cols() + toCol);
            for (int i = 0; i < from.cols(); i++) {
                Memory.f32(target + 4L * i, Memory.f32(target + 4L * i) + Memory.f32(source + 4L * i));
            }
        }
    }

    /// The matrices of several heads in one weight, `[H·S, C]`: the matrix of a head is `count` of its S rows. The
    /// views are created once, since kernels may keep a packed form for each.
    public static final class HeadWeights {
        private final Weight weight;
        private final int stride;
        private final int from;
        private final Weight[] heads;

        /// @param from the first used row of a head
        /// @throws IllegalArgumentException if the weight does not have this number of heads and rows
        public HeadWeights(Weight weight, int numHeads, int from, int count) {
            this.weight = weight;
            this.from = from;
            int rows = weight.rows();
            if (numHeads < 1 || rows % numHeads != 0 || from < 0 || count < 1 || from + count > rows / numHeads) {
                throw new IllegalArgumentException("rows " + from + " to " + (from + count) + " of each of " + numHeads
                        + " heads in a weight of " + rows + " rows");
            }
            stride = rows / numHeads;
            heads = new Weight[numHeads];
            for (int h = 0; h < numHeads; h++) {
                int first = h * stride + from;
                heads[h] = weight.rows(first, first + count);
            }
        }

        /// The weight that holds all matrices.
        Weight weight() {
            return weight;
        }

        public int numHeads() {
            return heads.length;
        }

        /// The rows of a head's matrix.
        public int rows() {
            return heads[0].rows();
        }

        public int cols() {
            return heads[0].cols();
        }

        /// The matrix of a head, `[rows(), cols()]`.
        Weight matrix(int head) {
            return heads[head];
        }

        /// Computes `dW_h += dyᵀ · x`.
        void addGradient(Tape tape, int head, Tensor dy, Tensor x) {
            tape.products().addWeightGradient(tape, weight, head * stride + from, dy, x);
        }
    }
}

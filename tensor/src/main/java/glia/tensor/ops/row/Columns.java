package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;

/// Operations on the columns of each row: joining, slicing, picking, swapping, mixing.
public final class Columns {
    private Columns() { }

    /// Concatenates two matrices group by group: `[N, G·a]` and `[N, G·b]` give `[N, G·(a + b)]`. If b has a single
    /// group, it is repeated for every group, as in latent attention, where all heads share the rotated part of the
    /// keys.
    ///
    /// @param numGroups G, the groups of a
    /// @param shared whether b has one group for all
    public record ConcatColumns(Tensor a, Tensor b, int numGroups, boolean shared)
            implements Operation.ReadsNothing {
        public ConcatColumns {
            Compute.require(a.rows() == b.rows() && numGroups > 0 && a.cols() % numGroups == 0
                    && (shared || b.cols() % numGroups == 0), "joined", a, b);
        }

        private int left() {
            return a.cols() / numGroups;
        }

        private int right() {
            return shared ? b.cols() : b.cols() / numGroups;
        }

        /// The address offset of the part of b for a row and group.
        private long from(int n, int group) {
            return (long) n * b.cols() + (shared ? 0 : (long) group * right());
        }

        @Override
        public Tensor forward(Compute ops) {
            int width = left() + right();
            Tensor y = ops.allocate(a.rows(), numGroups * width);
            Ranges.run(ops.kernels().workers(), a.rows(), y.cols(), (first, end) -> {
                for (int n = first; n < end; n++) {
                    for (int g = 0; g < numGroups; g++) {
                        long group = (long) n * numGroups + g;
                        MemorySegment.copy(a.memory(), 4 * group * left(), y.memory(), 4 * group * width, 4L * left());
                        MemorySegment.copy(b.memory(), 4 * from(n, g), y.memory(), 4 * (group * width + left()),
                                4L * right());
                    }
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(a, b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor da = tape.gradient(a);
            Tensor db = tape.gradient(b);
            Tensor dy = tape.gradient(y);
            int width = left() + right();
            Ranges.run(tape.kernels().workers(), a.rows(), 2L * y.cols(), (first, end) -> {
                for (int n = first; n < end; n++) {
                    for (int g = 0; g < numGroups; g++) {
                        long group = (long) n * numGroups + g;
                        long at = dy.address() + 4 * group * width;
                        Vectors.addScaled(da.address() + 4 * group * left(), at, 1, left());
                        Vectors.addScaled(db.address() + 4 * from(n, g), at + 4L * left(), 1, right());
                    }
                }
            });
        }
    }

    /// Slices columns `from` to `from + count` of each group of `groupSize` columns: `[N, G·groupSize]` to `[N,
    /// G·count]`. One group of the row's width splits a fused projection; one group a head slices each head.
    public record SliceColumns(Tensor x, int groupSize, int from, int count)
            implements UnaryOperation, Operation.ReadsNothing {
        /// Columns `from` to `from + count` of x.
        public static SliceColumns of(Tensor x, int from, int count) {
            return new SliceColumns(x, x.cols(), from, count);
        }

        public SliceColumns {
            Compute.require(groupSize > 0 && x.cols() % groupSize == 0 && from >= 0 && count >= 0
                    && from + count <= groupSize, "columns", x, from + " + " + count + " of " + groupSize);
        }

        @Override
        public Tensor forward(Compute ops) {
            int numGroups = x.cols() / groupSize;
            Tensor y = ops.allocate(x.rows(), numGroups * count);
            Ranges.run(ops.kernels().workers(), x.rows(), y.cols(), (first, end) -> {
                for (long p = (long) first * numGroups; p < (long) end * numGroups; p++) {
                    MemorySegment.copy(x.memory(), 4 * (p * groupSize + from), y.memory(), 4 * p * count, 4L * count);
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            int numGroups = x.cols() / groupSize;
            Ranges.run(tape.kernels().workers(), x.rows(), 2L * y.cols(), (first, end) -> {
                for (long p = (long) first * numGroups; p < (long) end * numGroups; p++) {
                    Vectors.addScaled(dx.address() + 4 * (p * groupSize + from), dy.address() + 4 * p * count, 1,
                            count);
                }
            });
        }
    }

    /// Picks columns of each row: `y[n,j] = x[n, columns[n·k + j]]`, `[N, C]` to `[N, k]`, such as the
    /// log-probabilities of given tokens.
    public record PickColumns(Tensor x, int[] columns) implements UnaryOperation {
        public PickColumns {
            Compute.require(x.rows() == 0 ? columns.length == 0 : columns.length % x.rows() == 0, "picked columns", x,
                    columns.length);
            for (int column : columns) {
                Compute.require(column >= 0 && column < x.cols(), "picked columns", x, column);
            }
        }

        private int count() {
            return x.rows() == 0 ? 0 : columns.length / x.rows();
        }

        private long place(int i) {
            return (long) (i / count()) * x.cols() + columns[i];
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), count());
            for (int i = 0; i < columns.length; i++) {
                y.set(i, x.get(place(i)));
            }
            return y;
        }

        @Override
        public Operation owned() {
            return new PickColumns(x, columns.clone());
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            for (int i = 0; i < columns.length; i++) {
                dx.set(place(i), dx.get(place(i)) + dy.get(i));
            }
        }
    }

    /// Swaps two dimensions of each row: `[N, A·B·E]` to `[N, B·A·E]`.
    ///
    /// @param outer A
    /// @param inner B
    public record SwappedGroups(Tensor x, int outer, int inner)
            implements UnaryOperation, Operation.Rounded, Operation.ReadsNothing {
        public SwappedGroups {
            Compute.require(outer > 0 && inner > 0 && x.cols() % (outer * inner) == 0, "swapped groups", x, outer);
        }

        /// The place in the result of a number of a row.
        private int place(int col) {
            int size = x.cols() / (outer * inner);
            int group = col / size;
            return (group % inner * outer + group / inner) * size + col % size;
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    long row = (long) n * x.cols();
                    for (int i = 0; i < x.cols(); i++) {
                        y.set(row + place(i), x.get(row + i));
                    }
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    long row = (long) n * x.cols();
                    for (int i = 0; i < x.cols(); i++) {
                        dx.set(row + i, dx.get(row + i) + dy.get(row + place(i)));
                    }
                }
            });
        }
    }

    /// A mixture of two tensors with a learned share for each column: `y = w ⊙ a + (1 - w) ⊙ b`
    /// (https://arxiv.org/abs/2305.13048).
    ///
    /// @param a `[N, D]`
    /// @param b `[N, D]`
    /// @param w `[D]`
    public record ColumnMix(Tensor a, Tensor b, Weight w) implements Operation.ReadsInputs, Operation.Rounded {
        public ColumnMix {
            Compute.require(a.rows() == b.rows() && a.cols() == b.cols() && Compute.stored(w).size() == a.cols(),
                    "mixture", a, b);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(a.rows(), a.cols());
            Tensor share = Compute.stored(w);
            Ranges.run(ops.kernels().workers(), a.rows(), 3L * a.cols(), (from, to) -> {
                for (long i = (long) from * a.cols(); i < (long) to * a.cols(); i++) {
                    float s = share.get(i % a.cols());
                    y.set(i, s * a.get(i) + (1 - s) * b.get(i));
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(a, b);
            inputs.weights(w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor da = tape.gradient(a);
            Tensor db = tape.gradient(b);
            Tensor dw = tape.gradient(w);
            Tensor dy = tape.gradient(y);
            Tensor share = Compute.stored(w);
            // Threads share the columns, so that each sum has a fixed order.
            Ranges.run(tape.kernels().workers(), a.cols(), 6L * a.rows(), (from, to) -> {
                for (int c = from; c < to; c++) {
                    float s = share.get(c);
                    double sum = 0;
                    for (long i = c; i < a.size(); i += a.cols()) {
                        float d = dy.get(i);
                        da.set(i, da.get(i) + s * d);
                        db.set(i, db.get(i) + (1 - s) * d);
                        sum += (double) d * (a.get(i) - b.get(i));
                    }
                    dw.set(c, (float) (dw.get(c) + sum));
                }
            });
        }
    }

    /// Adds the same bias to each group of columns, such as the heads of a row: `y[n, g·E + i] = x[n, g·E + i] + b[i]`.
    ///
    /// @param b `[E]`, for x `[N, G·E]`
    public record RepeatedBias(Tensor x, Weight b) implements Operation.Rounded, Operation.ReadsNothing {
        public RepeatedBias {
            long size = Compute.stored(b).size();
            Compute.require(size > 0 && x.cols() % size == 0, "repeated bias", x, Compute.stored(b));
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Tensor bias = Compute.stored(b);
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    y.set(i, x.get(i) + bias.get(i % bias.size()));
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            tape.add(x, dy, 1);
            if (tape.needs(b)) {
                Tensor db = tape.gradient(b);
                double[] sums = new double[Math.toIntExact(db.size())];
                for (long i = 0; i < dy.size(); i++) {
                    sums[(int) (i % sums.length)] += dy.get(i);
                }
                for (int i = 0; i < sums.length; i++) {
                    db.set(i, db.get(i) + (float) sums[i]);
                }
            }
        }
    }
}

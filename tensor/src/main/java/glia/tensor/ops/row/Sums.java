package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.util.Arrays;

/// Sums of two tensors, and sums and maxima over rows, columns and groups.
public final class Sums {
    private Sums() { }

    /// `y = a · scaleA + b · scaleB`; unlike `Ops.residual` it overwrites neither.
    public record Sum(Tensor a, float scaleA, Tensor b, float scaleB) implements Operation.ReadsNothing {
        public Sum {
            Compute.require(a.rows() == b.rows() && a.cols() == b.cols(), "sum", a, b);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(a.rows(), a.cols());
            if (scaleA == 1) {
                ops.kernels().add(y, a, b, scaleB);
            } else {
                ops.kernels().scale(y, a, scaleA);
                ops.kernels().add(y, y, b, scaleB);
            }
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(a, b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(a, tape.gradient(y), scaleA);
            tape.add(b, tape.gradient(y), scaleB);
        }
    }

    /// The sum of each row, in F64: `[N, C]` to `[N, 1]`.
    public record RowSums(Tensor x) implements UnaryOperation {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), 1);
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    double sum = 0;
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        sum += x.get(i);
                    }
                    y.set(n, (float) sum);
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        dx.set(i, dx.get(i) + dy.get(n));
                    }
                }
            });
        }
    }

    /// The sum of a column, in F64: `y = Σ x[n]`, `[N, 1]` to `[1, 1]`.
    public record ColumnSum(Tensor x) implements UnaryOperation, Operation.ReadsNothing {
        public ColumnSum {
            Compute.require(x.cols() == 1, "sum of a column", x, 1);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(1, 1);
            double sum = 0;
            for (int n = 0; n < x.rows(); n++) {
                sum += x.get(n);
            }
            y.set(0, (float) sum);
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            float g = tape.gradient(y).get(0);
            for (int n = 0; n < x.rows(); n++) {
                dx.set(n, dx.get(n) + g);
            }
        }
    }

    /// Maxima of rows by group: `y[g] = max x[n]` over the rows n with `groups[n] = g`, `[N, C]` to `[G, C]`. Rows of a
    /// negative group are ignored; each group has a row. The gradient goes to the first of equal numbers.
    public record GroupMaxima(Tensor x, int[] groups, int numGroups) implements UnaryOperation {
        public GroupMaxima {
            Compute.require(groups.length == x.rows(), "group maxima", x, groups.length);
        }

        /// The row of each maximum.
        private int[] rows() {
            int[] rows = new int[numGroups * x.cols()];
            Arrays.fill(rows, -1);
            for (int n = 0; n < x.rows(); n++) {
                for (int i = 0; i < x.cols() && groups[n] >= 0; i++) {
                    int at = groups[n] * x.cols() + i;
                    rows[at] = rows[at] < 0 || x.get(place(n, i)) > x.get(place(rows[at], i)) ? n : rows[at];
                }
            }
            return rows;
        }

        private long place(int row, int col) {
            return (long) row * x.cols() + col;
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(numGroups, x.cols());
            int[] rows = rows();
            for (int i = 0; i < rows.length; i++) {
                y.set(i, x.get(place(rows[i], i % x.cols())));
            }
            return y;
        }

        @Override
        public Operation owned() {
            return new GroupMaxima(x, groups.clone(), numGroups);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            int[] rows = rows();
            for (int i = 0; i < rows.length; i++) {
                long at = place(rows[i], i % x.cols());
                dx.set(at, dx.get(at) + dy.get(i));
            }
        }
    }

    /// Sums of rows by group, in F64: `y[g] = Σ x[n]` over the rows n with `groups[n] = g`, `[N, C]` to `[G, C]`. Rows
    /// of a negative group are ignored.
    public record GroupSums(Tensor x, int[] groups, int numGroups) implements UnaryOperation {
        public GroupSums {
            Compute.require(groups.length == x.rows(), "group sums", x, groups.length);
            for (int group : groups) {
                Compute.require(group < numGroups, "group sums", x, group);
            }
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(numGroups, x.cols());
            double[] sums = new double[Math.toIntExact(y.size())];
            for (int n = 0; n < x.rows(); n++) {
                for (int i = 0; i < x.cols() && groups[n] >= 0; i++) {
                    sums[groups[n] * x.cols() + i] += x.get((long) n * x.cols() + i);
                }
            }
            for (int i = 0; i < sums.length; i++) {
                y.set(i, (float) sums[i]);
            }
            return y;
        }

        @Override
        public Operation owned() {
            return new GroupSums(x, groups.clone(), numGroups);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            for (int n = 0; n < x.rows(); n++) {
                for (int i = 0; i < x.cols() && groups[n] >= 0; i++) {
                    long at = (long) n * x.cols() + i;
                    dx.set(at, dx.get(at) + dy.get((long) groups[n] * x.cols() + i));
                }
            }
        }
    }

    /// The largest value of each column by group of rows: `y[g,c] = max x[n,c]` over the rows n with `groups[n] = g`,
    /// `[N, C]` to `[G, C]`. Of equal values the first gets the gradient. Rows of a negative group are ignored.
    public static final class GroupMax implements UnaryOperation {
        private final Tensor x;
        private final int[] groups;
        private final int numGroups;
        private final int[] rows;

        /// @throws IllegalArgumentException if a group has no rows
        public GroupMax(Tensor x, int[] groups, int numGroups) {
            Compute.require(groups.length == x.rows(), "group maxima", x, groups.length);
            boolean[] found = new boolean[numGroups];
            for (int group : groups) {
                Compute.require(group < numGroups, "group maxima", x, group);
                if (group >= 0) {
                    found[group] = true;
                }
            }
            for (int g = 0; g < numGroups; g++) {
                Compute.require(found[g], "group maxima", x, "a group without rows, " + g);
            }
            this.x = x;
            this.groups = groups.clone();
            this.numGroups = numGroups;
            rows = new int[numGroups * x.cols()];
        }

        @Override
        public Tensor x() {
            return x;
        }

        @Override
        public Tensor forward(Compute ops) {
            int cols = x.cols();
            Tensor y = ops.allocate(numGroups, cols);
            Arrays.fill(rows, -1);
            for (int n = 0; n < groups.length; n++) {
                for (int c = 0; c < cols && groups[n] >= 0; c++) {
                    int at = groups[n] * cols + c;
                    if (rows[at] < 0 || x.get((long) n * cols + c) > y.get(at)) {
                        rows[at] = n;
                        y.set(at, x.get((long) n * cols + c));
                    }
                }
            }
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            for (int i = 0; i < rows.length; i++) {
                long at = (long) rows[i] * x.cols() + i % x.cols();
                dx.set(at, dx.get(at) + dy.get(i));
            }
        }
    }
}

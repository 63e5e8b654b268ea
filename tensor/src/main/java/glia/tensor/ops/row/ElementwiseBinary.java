package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// `y = f(a, b)`, elementwise in F64. b is broadcast: a column `[N, 1]` to all columns, a row `[1, C]` to all rows, a
/// single value to all.
public record ElementwiseBinary(Function f, Tensor a, Tensor b) implements Operation {
    /// A function of two values with both partial derivatives. For equal arguments the first counts as the minimum and
    /// the maximum.
    public enum Function {
        PLUS, MINUS, TIMES, DIVIDED, MIN, MAX;

        double value(double a, double b) {
            return switch (this) {
                case PLUS -> a + b;
                case MINUS -> a - b;
                case TIMES -> a * b;
                case DIVIDED -> a / b;
                case MIN -> Math.min(a, b);
                case MAX -> Math.max(a, b);
            };
        }

        double derivativeOfFirst(double a, double b) {
            return switch (this) {
                case PLUS, MINUS -> 1;
                case TIMES -> b;
                case DIVIDED -> 1 / b;
                case MIN -> a <= b ? 1 : 0;
                case MAX -> a >= b ? 1 : 0;
            };
        }

        double derivativeOfSecond(double a, double b) {
            return switch (this) {
                case PLUS -> 1;
                case MINUS -> -1;
                case TIMES -> a;
                case DIVIDED -> -a / (b * b);
                case MIN -> a <= b ? 0 : 1;
                case MAX -> a >= b ? 0 : 1;
            };
        }
    }

    public ElementwiseBinary {
        Compute.require((b.rows() == a.rows() || b.rows() == 1) && (b.cols() == a.cols() || b.cols() == 1),
                "combined", a, b);
    }

    /// The index in b that corresponds to index i of a.
    private long place(long i) {
        long row = b.rows() == 1 ? 0 : i / a.cols();
        long col = b.cols() == 1 ? 0 : i % a.cols();
        return row * b.cols() + col;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(a.rows(), a.cols());
        Ranges.run(ops.kernels().workers(), a.rows(), 4L * a.cols(), (from, to) -> {
            for (long i = (long) from * a.cols(); i < (long) to * a.cols(); i++) {
                y.set(i, (float) f.value(a.get(i), b.get(place(i))));
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
        Tensor dy = tape.gradient(y);
        if (tape.needs(a)) {
            Tensor da = tape.gradient(a);
            Ranges.run(tape.kernels().workers(), a.rows(), 4L * a.cols(), (from, to) -> {
                for (long i = (long) from * a.cols(); i < (long) to * a.cols(); i++) {
                    double derivative = f.derivativeOfFirst(a.get(i), b.get(place(i)));
                    da.set(i, (float) (da.get(i) + (dy.get(i) == 0 ? 0 : dy.get(i) * derivative)));
                }
            });
        }
        if (tape.needs(b)) {
            Tensor db = tape.gradient(b);
            // Rows of b are for rows of a, or its only row is for all.
            double[] sums = new double[b.cols()];
            for (int row = 0; row < a.rows(); row++) {
                for (int col = 0; col < a.cols(); col++) {
                    long i = (long) row * a.cols() + col;
                    sums[b.cols() == 1 ? 0 : col] += dy.get(i) == 0 ? 0
                            : dy.get(i) * f.derivativeOfSecond(a.get(i), b.get(place(i)));
                }
                if (b.rows() > 1 || row == a.rows() - 1) {
                    long first = b.rows() == 1 ? 0 : (long) row * b.cols();
                    for (int col = 0; col < sums.length; col++) {
                        db.set(first + col, (float) (db.get(first + col) + sums[col]));
                        sums[col] = 0;
                    }
                }
            }
        }
    }
}

package glia.tensor.ops.row;

import glia.tensor.Hash;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.util.function.DoubleUnaryOperator;

/// Operations on each value by itself.
public final class Elementwise {
    private Elementwise() { }

    /// `y = σ(x) = 1 / (1 + e^-x)`.
    public record Sigmoid(Tensor x) implements UnaryOperation {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    y.set(i, (float) (1 / (1 + Math.exp(-x.get(i)))));
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    double s = 1 / (1 + Math.exp(-x.get(i)));
                    dx.set(i, dx.get(i) + (float) (dy.get(i) * s * (1 - s)));
                }
            });
        }
    }

    /// Soft cap: `y = cap · tanh(x / cap)`, which keeps values within ±cap. https://arxiv.org/abs/2408.00118
    public record SoftCap(Tensor x, float cap) implements UnaryOperation {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            ops.kernels().scale(y, x, 1 / cap);
            ops.kernels().activate(y, y, Activation.TANH);
            ops.kernels().scale(y, y, cap);
            return y;
        }

        /// `dx += dy · (1 - (y / cap)²)`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), y.rows(), 2L * y.cols(), (from, to) -> {
                for (long i = (long) from * y.cols(); i < (long) to * y.cols(); i++) {
                    float share = y.get(i) / cap;
                    dx.set(i, dx.get(i) + dy.get(i) * (1 - share * share));
                }
            });
        }
    }

    /// `y = min(max(x, -limit), limit)`. The gradient is 0 where a value is clamped.
    public record Clamp(Tensor x, float limit) implements UnaryOperation {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    y.set(i, Math.clamp(x.get(i), -limit, limit));
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    if (Math.abs(x.get(i)) <= limit) {
                        dx.set(i, dx.get(i) + dy.get(i));
                    }
                }
            });
        }
    }

    /// `y = f(x)`, elementwise in F64, for a function with a given derivative. Meant for losses; model layers have
    /// kernels.
    ///
    /// @param derivative f'
    public record ElementwiseMap(Tensor x, DoubleUnaryOperator f, DoubleUnaryOperator derivative)
            implements UnaryOperation {
        /// Approximate cost of a function, in multiplications.
        private static final long COST = 20;

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), COST * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    y.set(i, (float) f.applyAsDouble(x.get(i)));
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), COST * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    if (dy.get(i) != 0) {
                        dx.set(i, (float) (dx.get(i) + dy.get(i) * derivative.applyAsDouble(x.get(i))));
                    }
                }
            });
        }
    }

    /// A copy through which no gradient flows back.
    public record Detached(Tensor x) implements Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            ops.kernels().scale(y, x, 1);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) { }

        @Override
        public void backward(Tape tape, Tensor y) { }
    }

    /// `y = f(a, b)`, elementwise in F64. b is broadcast: a column `[N, 1]` to all columns, a row `[1, C]` to all rows,
    /// a single value to all.
    public record ElementwiseBinary(Function f, Tensor a, Tensor b) implements Operation {
        /// A function of two values with both partial derivatives. For equal arguments the first counts as the minimum
        /// and the maximum.
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

    /// Dropout (https://arxiv.org/abs/1207.0580): sets values to 0 with a probability and divides the others by the
    /// probability to stay, `y = x · mask / (1 - rate)`. The mask is a pure function of the key and of a value's place
    /// in the matrix, so it is the same when a segment is computed again, and is not stored.
    ///
    /// @param rate the probability, a multiple of 2^-16 below 1
    /// @param key 64 random bits
    /// @param first the place of the first value, where x is a part of a matrix
    public record Dropout(Tensor x, float rate, long key, long first)
            implements UnaryOperation, Operation.ReadsNothing {
        /// Four values share 64 bits.
        private static final int BITS = 16;

        public Dropout {
            Compute.require(rate >= 0 && rate < 1, "dropout", x, rate);
        }

        public Dropout(Tensor x, float rate, long key) {
            this(x, rate, key, 0);
        }

        private int threshold() {
            return Math.min(Math.round(rate * (1 << BITS)), (1 << BITS) - 1);
        }

        private float factor() {
            return (1 << BITS) / (float) ((1 << BITS) - threshold());
        }

        /// Whether the value at an index stays.
        private static boolean stays(long key, long index, int threshold) {
            return (Hash.next(key, index >>> 2) >>> BITS * (int) (index & 3) & (1 << BITS) - 1) >= threshold;
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            int threshold = threshold();
            float factor = factor();
            Ranges.run(ops.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    float v = Memory.f32(x.address() + 4 * i);
                    Memory.f32(y.address() + 4 * i, stays(key, first + i, threshold) ? v * factor : 0);
                }
            });
            return y;
        }

        /// `dx += dy · mask / (1 - rate)`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            int threshold = threshold();
            float factor = factor();
            Ranges.run(tape.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    if (stays(key, first + i, threshold)) {
                        long at = dx.address() + 4 * i;
                        Memory.f32(at, Memory.f32(at) + Memory.f32(dy.address() + 4 * i) * factor);
                    }
                }
            });
        }
    }
}

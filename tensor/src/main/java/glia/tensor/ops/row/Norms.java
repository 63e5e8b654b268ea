package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;
import java.util.Optional;

/// The operations of `Ops` with a weight for each column.
public final class Norms {
    private Norms() { }

    /// `y = x + b`: see `Ops.addBias`.
    public record AddBias(Tensor x, Weight b) implements Operation.Rounded, Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.addBias(x, b);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            if (tape.needs(b)) {
                tape.kernels().gradients().sumRows(tape.gradient(b), tape.gradient(y));
            }
            tape.add(x, tape.gradient(y), 1);
        }
    }

    /// `y = x / √(mean(x²) + eps) · (w + offset)`: see `Ops.rmsNorm`.
    public record Rms(Tensor x, Weight w, float eps, float offset)
            implements Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return ops.rmsNorm(x, w, eps, offset);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().rmsNormBackward(tape.gradient(x), tape.needs(w) ? tape.gradient(w) : null,
                    tape.gradient(y), x, Compute.stored(w), eps, offset);
        }
    }

    /// `y = (x - mean) / √(var + eps) · w + b`, or without b: see `Ops.layerNorm`.
    public record Layer(Tensor x, Weight w, Optional<Weight> b, float eps)
            implements Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return b.isEmpty() ? ops.layerNorm(x, w, eps) : ops.layerNorm(x, w, b.get(), eps);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
            b.ifPresent(inputs::weights);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            if (tape.needs(x) || tape.needs(w)) {
                tape.kernels().gradients().layerNormBackward(tape.gradient(x), tape.needs(w) ? tape.gradient(w) : null,
                        dy, x,
                        Compute.stored(w), eps);
            }
            if (b.isPresent() && tape.needs(b.get())) {
                tape.kernels().gradients().sumRows(tape.gradient(b.get()), dy);
            }
        }
    }

    /// Normalization without weights of each group of `size` columns: `y = x / √(Σ x² / divisor + eps)`.
    public record UnitNorm(Tensor x, int size, int divisor, float eps)
            implements UnaryOperation, Operation.Rounded, Operation.ReadsInputs {
        /// RMS normalization, `x / √(mean(x²) + eps)`. https://arxiv.org/abs/1910.07467
        public static UnitNorm rms(Tensor x, int size, float eps) {
            return new UnitNorm(x, size, size, eps);
        }

        /// L2 normalization, `x / √(Σ x² + eps)`.
        public static UnitNorm length(Tensor x, int size, float eps) {
            return new UnitNorm(x, size, 1, eps);
        }

        public UnitNorm {
            Compute.require(size > 0 && x.cols() % size == 0, "norm", x, size);
        }

        private double factor(long at) {
            double sum = 0;
            for (int i = 0; i < size; i++) {
                double v = x.get(at + i);
                sum += v * v;
            }
            return 1 / Math.sqrt(sum / divisor + eps);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                for (long at = (long) from * x.cols(); at < (long) to * x.cols(); at += size) {
                    float r = (float) factor(at);
                    for (int i = 0; i < size; i++) {
                        y.set(at + i, x.get(at + i) * r);
                    }
                }
            });
            return y;
        }

        /// `dx += r · (dy - x · r² · Σ (dy · x) / divisor)`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
                for (long at = (long) from * x.cols(); at < (long) to * x.cols(); at += size) {
                    double r = factor(at);
                    double dot = 0;
                    for (int i = 0; i < size; i++) {
                        dot += (double) dy.get(at + i) * x.get(at + i);
                    }
                    double pull = r * r * dot / divisor;
                    for (int i = 0; i < size; i++) {
                        double d = r * (dy.get(at + i) - x.get(at + i) * pull);
                        dx.set(at + i, dx.get(at + i) + (float) d);
                    }
                }
            });
        }
    }

    /// Subtracts the mean of each group of `size` columns: `y = x - mean(x)`. With an RMS norm after it this is layer
    /// normalization. https://arxiv.org/abs/1607.06450
    public record Center(Tensor x, int size) implements UnaryOperation, Operation.Rounded, Operation.ReadsNothing {
        public Center {
            Compute.require(size > 0 && x.cols() % size == 0, "center", x, size);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            y.zero();
            Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                addCentered(y, x, from, to);
            });
            return y;
        }

        /// `dx += dy - mean(dy)`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                addCentered(dx, dy, from, to);
            });
        }

        private void addCentered(Tensor to, Tensor from, int firstRow, int endRow) {
            for (long at = (long) firstRow * x.cols(); at < (long) endRow * x.cols(); at += size) {
                double sum = 0;
                for (long i = at; i < at + size; i++) {
                    sum += from.get(i);
                }
                double mean = sum / size;
                for (long i = at; i < at + size; i++) {
                    to.set(i, (float) (to.get(i) + from.get(i) - mean));
                }
            }
        }
    }

    /// RMS normalization of each of G groups of a row, with a weight for each column: `y = x / √(mean_group(x²) + eps)
    /// · w`. https://arxiv.org/abs/1910.07467, groups: https://arxiv.org/abs/2405.21060
    ///
    /// @param x `[N, D]`
    /// @param w `[D]`
    public record GroupRmsNorm(Tensor x, Weight w, int numGroups, float eps)
            implements Operation.Rounded, Operation.ReadsInputs {
        public GroupRmsNorm {
            Compute.require(numGroups > 0 && x.cols() % numGroups == 0 && Compute.stored(w).size() == x.cols(),
                    "group RMS norm", x, Compute.stored(w));
        }

        private static double factor(float[] x, int from, int size, float eps) {
            double sum = 0;
            for (int i = from; i < from + size; i++) {
                sum += (double) x[i] * x[i];
            }
            return 1 / Math.sqrt(sum / size + eps);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            float[] weights = ChannelBlocks.numbers(w);
            int size = x.cols() / numGroups;
            Ranges.run(ops.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
                float[] row = new float[x.cols()];
                for (int n = from; n < to; n++) {
                    ChannelBlocks.load(x, n, 0, row, row.length);
                    for (int at = 0; at < row.length; at += size) {
                        float r = (float) factor(row, at, size, eps);
                        for (int i = at; i < at + size; i++) {
                            row[i] = row[i] * r * weights[i];
                        }
                    }
                    ChannelBlocks.store(row, y, n, 0, row.length);
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
        }

        /// With `r = 1/√(mean(x²) + eps)` and `g = dy · w`: `dx += r · (g - x · r² · mean(g · x))`, `dw += dy · x · r`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            float[] weights = ChannelBlocks.numbers(w);
            int size = x.cols() / numGroups;
            double[] factors = new double[x.rows() * numGroups];
            Ranges.run(tape.kernels().workers(), x.rows(), 6L * x.cols(), (from, to) -> {
                float[] row = new float[x.cols()];
                float[] out = new float[x.cols()];
                float[] change = new float[x.cols()];
                for (int n = from; n < to; n++) {
                    ChannelBlocks.load(x, n, 0, row, row.length);
                    ChannelBlocks.load(dy, n, 0, out, out.length);
                    for (int at = 0; at < row.length; at += size) {
                        double r = factor(row, at, size, eps);
                        factors[n * numGroups + at / size] = r;
                        double dot = 0;
                        for (int i = at; i < at + size; i++) {
                            dot += (double) out[i] * weights[i] * row[i];
                        }
                        double pull = r * r * dot / size;
                        for (int i = at; i < at + size; i++) {
                            change[i] = (float) (r * ((double) out[i] * weights[i] - row[i] * pull));
                        }
                    }
                    ChannelBlocks.add(change, dx, n, 0, row.length);
                }
            });
            if (tape.needs(w)) {
                weightGradient(tape, dy, factors);
            }
        }

        /// Threads share the columns, so that each sum has a fixed order.
        private void weightGradient(Tape tape, Tensor dy, double[] factors) {
            Tensor dw = tape.gradient(w);
            int size = x.cols() / numGroups;
            ChannelBlocks.run(tape.kernels().workers(), x.cols(), 2L * x.rows(), (from, count) -> {
                double[] gradients = new double[count];
                float[] row = new float[count];
                float[] out = new float[count];
                for (int n = 0; n < x.rows(); n++) {
                    ChannelBlocks.load(x, n, from, row, count);
                    ChannelBlocks.load(dy, n, from, out, count);
                    for (int i = 0; i < count; i++) {
                        gradients[i] += out[i] * row[i] * factors[n * numGroups + (from + i) / size];
                    }
                }
                for (int i = 0; i < count; i++) {
                    dw.set(from + i, dw.get(from + i) + (float) gradients[i]);
                }
            });
        }
    }

    /// Vectors that are cut to a length: `x · min(1, limit / (‖x‖ + 1e-6))` for each group of `size` columns.
    public record LengthLimit(Tensor x, int size, float limit) implements UnaryOperation, Operation.ReadsInputs {
        private static final double EPS = 1e-6;

        public LengthLimit {
            Compute.require(size > 0 && x.cols() % size == 0 && limit > 0, "limit of lengths", x, size);
        }

        private double length(long at) {
            double sum = 0;
            for (int i = 0; i < size; i++) {
                sum += (double) x.get(at + i) * x.get(at + i);
            }
            return Math.sqrt(sum);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                for (long at = (long) from * x.cols(); at < (long) to * x.cols(); at += size) {
                    float factor = (float) Math.min(1, limit / (length(at) + EPS));
                    for (int i = 0; i < size; i++) {
                        y.set(at + i, factor * x.get(at + i));
                    }
                }
            });
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
                for (long at = (long) from * x.cols(); at < (long) to * x.cols(); at += size) {
                    double length = length(at);
                    double factor = Math.min(1, limit / (length + EPS));
                    double pull = 0;
                    for (int i = 0; i < size && factor < 1; i++) {
                        pull += (double) dy.get(at + i) * x.get(at + i);
                    }
                    pull *= factor < 1 ? factor / (length + EPS) / length : 0;
                    for (int i = 0; i < size; i++) {
                        dx.set(at + i, (float) (dx.get(at + i) + factor * dy.get(at + i) - pull * x.get(at + i)));
                    }
                }
            });
        }
    }
}

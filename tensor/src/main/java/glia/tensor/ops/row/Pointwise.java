package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;

/// The operations of `Ops` that treat each token separately and have no weights.
public final class Pointwise {
    private Pointwise() { }

    /// See `Ops.rotate`. The gradient is rotated by the negative angle.
    public record Rotate(Tensor x, int headSize, RopeTable table, Positions positions)
            implements UnaryOperation, Operation.Rounded, Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.rotate(x, headSize, table, positions);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            tape.kernels().rotate(dy, headSize, table, positions, -1);
            tape.add(x, dy, 1);
        }

        @Override
        public Operation owned() {
            return new Rotate(x, headSize, table, positions.frozen());
        }
    }

    /// `y = f(gate) · up`: see `Ops.gated`.
    public record Gated(Tensor gate, Tensor up, Activation f)
            implements Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return ops.gated(gate, up, f);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(gate, up);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().gatedBackward(tape.gradient(gate), tape.gradient(up), tape.gradient(y), gate,
                    up, f);
        }
    }

    /// `y = f(x)`.
    public record Activate(Tensor x, Activation f) implements UnaryOperation, Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return ops.activate(x, f);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().activateBackward(tape.gradient(x), tape.gradient(y), x, f);
        }
    }

    /// `y = scale · x`.
    public record Scale(Tensor x, float scale) implements UnaryOperation, Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.scale(x, scale);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(x, tape.gradient(y), scale);
        }
    }

    /// xIELU, an activation with two learned slopes (https://arxiv.org/abs/2411.13010): `a·x² + β·x` for x above 0,
    /// else `c·(exp(min(x, ε)) - 1 - x) + β·x`, with `a = ln(1 + exp(positive))` and `c = β + ln(1 + exp(negative))`. β
    /// and ε are stored, but not trained.
    ///
    /// @param positive a single number, as are the others
    public record Xielu(Tensor x, Weight positive, Weight negative, Weight beta, Weight eps)
            implements Operation.Rounded, Operation.ReadsInputs {
        /// An exponential costs about twenty multiplications.
        private static final long COST = 20;

        public Xielu {
            Compute.require(one(positive) && one(negative) && one(beta) && one(eps), "xIELU", x,
                    Compute.stored(positive));
        }

        private static boolean one(Weight w) {
            return Compute.stored(w).size() == 1;
        }

        private static double number(Weight w) {
            return Compute.stored(w).get(0);
        }

        private static double softplus(double x) {
            return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
        }

        private static double sigmoid(double x) {
            return 1 / (1 + Math.exp(-x));
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            double b = number(beta);
            double e = number(eps);
            double a = softplus(number(positive));
            double c = b + softplus(number(negative));
            Ranges.run(ops.kernels().workers(), x.rows(), COST * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    double v = x.get(i);
                    y.set(i, (float) ((v > 0 ? a * v * v : c * (Math.expm1(Math.min(v, e)) - v)) + b * v));
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(positive, negative);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            double b = number(beta);
            double e = number(eps);
            double a = softplus(number(positive));
            double c = b + softplus(number(negative));
            Ranges.run(tape.kernels().workers(), x.rows(), COST * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    double v = x.get(i);
                    double slope = v > 0 ? 2 * a * v : c * ((v < e ? Math.exp(v) : 0) - 1);
                    dx.set(i, dx.get(i) + (float) (dy.get(i) * (slope + b)));
                }
            });
            if (tape.needs(positive) || tape.needs(negative)) {
                slopes(tape, dy, e);
            }
        }

        /// The gradients of both slopes, added up in a fixed order.
        private void slopes(Tape tape, Tensor dy, double e) {
            double above = 0;
            double below = 0;
            for (long i = 0; i < dy.size(); i++) {
                double v = x.get(i);
                if (v > 0) {
                    above += dy.get(i) * v * v;
                } else {
                    below += dy.get(i) * (Math.expm1(Math.min(v, e)) - v);
                }
            }
            add(tape.gradient(positive), above * sigmoid(number(positive)));
            add(tape.gradient(negative), below * sigmoid(number(negative)));
        }

        private static void add(Tensor gradient, double more) {
            gradient.set(0, gradient.get(0) + (float) more);
        }
    }

    /// What of each value exceeds its row's mean by more than some standard deviations:
    /// `y = max(0, x - mean(x) - factor · √(mean((x - mean(x))²)))`. With the factor `Φ⁻¹(p)` and normal values a part
    /// p of them becomes 0. https://arxiv.org/abs/2506.06644
    public record DeviationCut(Tensor x, float factor) implements UnaryOperation {
        private record Moments(double mean, double deviation) { }

        private Moments moments(int n) {
            double sum = 0;
            for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                sum += x.get(i);
            }
            double mean = sum / x.cols();
            double squares = 0;
            for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                squares += (x.get(i) - mean) * (x.get(i) - mean);
            }
            return new Moments(mean, Math.sqrt(squares / x.cols()));
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    Moments m = moments(n);
                    double cut = m.mean + m.deviation * factor;
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        y.set(i, (float) Math.max(0, x.get(i) - cut));
                    }
                }
            });
            return y;
        }

        /// With the sum s of the gradients of positive results:
        /// `dx += dy - (s / C) · (1 + factor · (x - mean) / deviation)`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 8L * x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    Moments m = moments(n);
                    double sum = 0;
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        sum += y.get(i) > 0 ? dy.get(i) : 0;
                    }
                    double share = sum / x.cols();
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        double slope = m.deviation == 0 ? 0 : factor * (x.get(i) - m.mean) / m.deviation;
                        dx.set(i, dx.get(i) + (float) ((y.get(i) > 0 ? dy.get(i) : 0) - share * (1 + slope)));
                    }
                }
            });
        }
    }

    /// RoPE of neighboring pairs with learned factors of the frequencies: the pair i of the first dimensions of each
    /// group of columns turns by `position · frequency_i · exp(a_i)` (https://arxiv.org/abs/2104.09864).
    ///
    /// @param x `[N, G·size]`
    /// @param size the columns of a group, such as a head
    /// @param a `[P]`, for the 2·P first columns of each group
    /// @param frequencies P of them
    /// @param factor of cosines and sines
    /// @param positions one for each row
    public record ScaledRotation(Tensor x, int size, Weight a, float[] frequencies, float factor, int[] positions)
            implements Operation.Rounded {
        public ScaledRotation {
            Compute.require(size > 0 && x.cols() % size == 0 && 2 * frequencies.length <= size
                    && Compute.stored(a).size() == frequencies.length && positions.length >= x.rows(), "rotation", x,
                    Compute.stored(a));
        }

        @Override
        public Operation owned() {
            return new ScaledRotation(x, size, a, frequencies, factor, positions.clone());
        }

        /// The angle of each pair at position 1.
        private double[] angles() {
            double[] angles = new double[frequencies.length];
            for (int i = 0; i < angles.length; i++) {
                angles[i] = frequencies[i] * Math.exp(Compute.stored(a).get(i));
            }
            return angles;
        }

        /// Receives the first column of a pair in memory, the pair and its angle.
        private interface OfPair {
            void turn(long at, int pair, double angle);
        }

        private void each(int from, int to, double[] angles, OfPair work) {
            for (int n = from; n < to; n++) {
                for (int pair = 0; pair < angles.length; pair++) {
                    double angle = positions[n] * angles[pair];
                    for (long at = (long) n * x.cols() + 2L * pair; at < (n + 1L) * x.cols(); at += size) {
                        work.turn(at, pair, angle);
                    }
                }
            }
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            y.copyFrom(x);
            double[] angles = angles();
            Ranges.run(ops.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) ->
                    each(from, to, angles, (at, pair, angle) -> {
                        double c = factor * Math.cos(angle);
                        double s = factor * Math.sin(angle);
                        y.set(at, (float) (x.get(at) * c - x.get(at + 1) * s));
                        y.set(at + 1, (float) (x.get(at + 1) * c + x.get(at) * s));
                    }));
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(a);
        }

        /// With the angle θ of a pair (u, v) of y, `∂u/∂θ = -v` and `∂v/∂θ = u`, and `∂θ/∂a = θ`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            double[] angles = angles();
            int rotated = 2 * frequencies.length;
            Ranges.run(tape.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    if (i % size >= rotated) {
                        dx.set(i, dx.get(i) + dy.get(i));
                    }
                }
                each(from, to, angles, (at, pair, angle) -> {
                    double c = factor * Math.cos(angle);
                    double s = factor * Math.sin(angle);
                    dx.set(at, dx.get(at) + (float) (dy.get(at) * c + dy.get(at + 1) * s));
                    dx.set(at + 1, dx.get(at + 1) + (float) (dy.get(at + 1) * c - dy.get(at) * s));
                });
            });
            if (tape.needs(a)) {
                double[] sums = new double[angles.length];
                each(0, x.rows(), angles, (at, pair, angle) -> sums[pair] += angle
                        * ((double) dy.get(at + 1) * y.get(at) - (double) dy.get(at) * y.get(at + 1)));
                Tensor da = tape.gradient(a);
                for (int i = 0; i < sums.length; i++) {
                    da.set(i, da.get(i) + (float) sums[i]);
                }
            }
        }
    }
}

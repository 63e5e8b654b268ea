package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;

/// Multiplication by factors: one for all values, for each row, column or group, or for each position.
public final class Scales {
    private Scales() { }

    /// `y = factor · x` with one stored factor that gets no gradient, so training leaves it as it is.
    public record StoredScale(Tensor x, Weight factor) implements Operation.ReadsNothing {
        public StoredScale {
            Compute.require(Compute.stored(factor).size() == 1, "multiplied", x, factor);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            ops.kernels().scale(y, x, Compute.stored(factor).get(0));
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(x, tape.gradient(y), Compute.stored(factor).get(0));
        }
    }

    /// `y[n] = x[n] · factors[n]` with constant factors, such as attention temperatures that grow with the position.
    public record ScaledRows(Tensor x, float[] factors) implements UnaryOperation {
        public ScaledRows {
            Compute.require(factors.length >= x.rows(), "scaled rows", x, factors.length);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        y.set(i, x.get(i) * factors[n]);
                    }
                }
            });
            return y;
        }

        @Override
        public Operation owned() {
            return new ScaledRows(x, factors.clone());
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                        dx.set(i, dx.get(i) + dy.get(i) * factors[n]);
                    }
                }
            });
        }
    }

    /// `y[n,i] = x[n,i] · factors[i]` with constant factors.
    public record ScaledColumns(Tensor x, float[] factors) implements UnaryOperation {
        public ScaledColumns {
            Compute.require(factors.length == x.cols(), "scaled columns", x, factors.length);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                float[] row = new float[factors.length];
                for (int n = from; n < to; n++) {
                    ChannelBlocks.load(x, n, 0, row, row.length);
                    ArrayMath.multiply(row, row, factors, row.length);
                    ChannelBlocks.store(row, y, n, 0, row.length);
                }
            });
            return y;
        }

        @Override
        public Operation owned() {
            return new ScaledColumns(x, factors.clone());
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                float[] row = new float[factors.length];
                for (int n = from; n < to; n++) {
                    ChannelBlocks.load(dy, n, 0, row, row.length);
                    ArrayMath.multiply(row, row, factors, row.length);
                    ChannelBlocks.add(row, dx, n, 0, row.length);
                }
            });
        }
    }

    /// `y[n,i] = x[n,i] · w[i]` with a learned factor for each column.
    public record WeightedColumns(Tensor x, Weight w) implements Operation.ReadsInputs {
        public WeightedColumns {
            Compute.require(Compute.stored(w).size() == x.cols(), "weighted columns", x, Compute.stored(w));
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            float[] factors = ChannelBlocks.numbers(w);
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                    y.set(i, x.get(i) * factors[(int) (i % x.cols())]);
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dw = tape.gradient(w);
            Tensor dy = tape.gradient(y);
            float[] factors = ChannelBlocks.numbers(w);
            double[] sums = new double[factors.length];
            for (long i = 0; i < x.size(); i++) {
                int column = (int) (i % x.cols());
                dx.set(i, dx.get(i) + dy.get(i) * factors[column]);
                sums[column] += (double) dy.get(i) * x.get(i);
            }
            for (int i = 0; i < sums.length; i++) {
                dw.set(i, dw.get(i) + (float) sums[i]);
            }
        }
    }

    /// A learned factor of each head that grows with the position, so that the softmax stays sharp over many keys:
    /// `y[n,h] = (s_h · ln(position_n + 1) + b_h) · x[n,h]`. https://arxiv.org/abs/2501.19399
    ///
    /// @param x `[N, H·E]`
    /// @param scale s, `[H]`
    /// @param bias b, `[H]`
    /// @param positions one for each row
    public record PositionScale(Tensor x, Weight scale, Weight bias, int[] positions)
            implements Operation.Rounded, Operation.ReadsInputs {
        public PositionScale {
            long heads = Compute.stored(scale).size();
            Compute.require(heads > 0 && x.cols() % heads == 0 && Compute.stored(bias).size() == heads
                    && positions.length >= x.rows(), "scale by position", x, Compute.stored(scale));
        }

        @Override
        public Operation owned() {
            return new PositionScale(x, scale, bias, positions.clone());
        }

        private int heads() {
            return Math.toIntExact(Compute.stored(scale).size());
        }

        private float factor(int n, int head) {
            return (float) (Compute.stored(scale).get(head) * Math.log(positions[n] + 1.0)
                    + Compute.stored(bias).get(head));
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            int size = x.cols() / heads();
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (int n = from; n < to; n++) {
                    for (int head = 0; head < heads(); head++) {
                        float factor = factor(n, head);
                        long at = (long) n * x.cols() + (long) head * size;
                        for (long i = at; i < at + size; i++) {
                            y.set(i, factor * x.get(i));
                        }
                    }
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(scale, bias);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            double[] scales = new double[heads()];
            double[] biases = new double[heads()];
            int size = x.cols() / scales.length;
            for (int n = 0; n < x.rows(); n++) {
                for (int head = 0; head < scales.length; head++) {
                    float factor = factor(n, head);
                    double dot = 0;
                    long at = (long) n * x.cols() + (long) head * size;
                    for (long i = at; i < at + size; i++) {
                        dot += (double) dy.get(i) * x.get(i);
                        dx.set(i, dx.get(i) + factor * dy.get(i));
                    }
                    scales[head] += dot * Math.log(positions[n] + 1.0);
                    biases[head] += dot;
                }
            }
            add(tape, scale, scales);
            add(tape, bias, biases);
        }

        private static void add(Tape tape, Weight w, double[] more) {
            if (tape.needs(w)) {
                Tensor d = tape.gradient(w);
                for (int i = 0; i < more.length; i++) {
                    d.set(i, d.get(i) + (float) more[i]);
                }
            }
        }
    }

    /// `y = x · σ(gate)`, with a gate of x's shape, or one gate for each group of columns: gate `[N, G]` for x `[N,
    /// G·E]`.
    public record SigmoidGate(Tensor x, Tensor gate) implements Operation.Rounded, Operation.ReadsInputs {
        public SigmoidGate {
            Compute.require(x.rows() == gate.rows() && gate.cols() > 0 && x.cols() % gate.cols() == 0, "gate", x, gate);
        }

        private static double sigmoid(double x) {
            return 1 / (1 + Math.exp(-x));
        }

        /// Approximate cost of a row; an exponential costs about twenty multiplications.
        private long cost() {
            return 2L * x.cols() + 20L * gate.cols();
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            int size = x.cols() / gate.cols();
            Ranges.run(ops.kernels().workers(), x.rows(), cost(), (from, to) -> {
                for (long g = (long) from * gate.cols(); g < (long) to * gate.cols(); g++) {
                    float factor = (float) sigmoid(gate.get(g));
                    for (long i = g * size; i < (g + 1) * size; i++) {
                        y.set(i, x.get(i) * factor);
                    }
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x, gate);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dgate = tape.gradient(gate);
            Tensor dy = tape.gradient(y);
            int size = x.cols() / gate.cols();
            Ranges.run(tape.kernels().workers(), x.rows(), cost(), (from, to) -> {
                for (long g = (long) from * gate.cols(); g < (long) to * gate.cols(); g++) {
                    double s = sigmoid(gate.get(g));
                    double dot = 0;
                    for (long i = g * size; i < (g + 1) * size; i++) {
                        dot += (double) dy.get(i) * x.get(i);
                        dx.set(i, dx.get(i) + (float) (dy.get(i) * s));
                    }
                    dgate.set(g, dgate.get(g) + (float) (dot * s * (1 - s)));
                }
            });
        }
    }
}

package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;

/// Operations with stored bounds and factors of the sound tower of Gemma 4.
public final class Clamps {
    private Clamps() { }

    /// `min(max(x, least), most)` with stored numbers, which get no gradients.
    public record StoredClamp(Tensor x, Weight least, Weight most) implements UnaryOperation, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            float from = Compute.stored(least).get(0);
            float to = Compute.stored(most).get(0);
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (first, end) -> {
                for (long i = (long) first * x.cols(); i < (long) end * x.cols(); i++) {
                    y.set(i, Math.min(Math.max(x.get(i), from), to));
                }
            });
            return y;
        }

        /// `dx += dy` within the bounds.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            float from = Compute.stored(least).get(0);
            float to = Compute.stored(most).get(0);
            for (long i = 0; i < x.size(); i++) {
                if (x.get(i) >= from && x.get(i) <= to) {
                    dx.set(i, dx.get(i) + dy.get(i));
                }
            }
        }
    }

    /// `y[n, c] = x[n, c] · ln(1 + exp(s[c mod E]))`.
    ///
    /// @param s `[E]`, for each group of E columns
    public record SoftplusColumns(Tensor x, Weight s) implements Operation.Rounded, Operation.ReadsInputs {
        public SoftplusColumns {
            Compute.require(x.cols() % Compute.stored(s).size() == 0, "column factors", x, Compute.stored(s));
        }

        private double number(long column) {
            Tensor stored = Compute.stored(s);
            return stored.get(column % stored.size());
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            for (int c = 0; c < x.cols(); c++) {
                double factor = Math.log1p(Math.exp(number(c)));
                for (int n = 0; n < x.rows(); n++) {
                    long at = (long) n * x.cols() + c;
                    y.set(at, (float) (x.get(at) * factor));
                }
            }
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(s);
        }

        /// `dx += dy ln(1 + e^s)`, `ds += Σ dy x σ(s)`.
        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            Tensor dx = tape.gradient(x);
            Tensor ds = tape.gradient(s);
            for (int c = 0; c < x.cols(); c++) {
                double factor = Math.log1p(Math.exp(number(c)));
                double sum = 0;
                for (int n = 0; n < x.rows(); n++) {
                    long at = (long) n * x.cols() + c;
                    sum += (double) dy.get(at) * x.get(at);
                    if (dx != null) {
                        dx.set(at, dx.get(at) + (float) (dy.get(at) * factor));
                    }
                }
                if (ds != null) {
                    long at = c % ds.size();
                    ds.set(at, ds.get(at) + (float) (sum / (1 + Math.exp(-number(c)))));
                }
            }
        }
    }
}

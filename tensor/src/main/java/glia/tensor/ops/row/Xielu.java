package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// xIELU, an activation with two learned slopes (https://arxiv.org/abs/2411.13010): `a·x² + β·x` for x above 0, else
/// `c·(exp(min(x, ε)) - 1 - x) + β·x`, with `a = ln(1 + exp(positive))` and `c = β + ln(1 + exp(negative))`. β and ε
/// are stored, but not trained.
///
/// @param positive a single number, as are the others
public record Xielu(Tensor x, Weight positive, Weight negative, Weight beta, Weight eps)
        implements Operation.Rounded, Operation.ReadsInputs {
    /// An exponential costs about twenty multiplications.
    private static final long COST = 20;

    public Xielu {
        Compute.require(one(positive) && one(negative) && one(beta) && one(eps), "xIELU", x, Compute.stored(positive));
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

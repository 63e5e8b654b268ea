package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// The logarithm of a head's decay: `y[n,h] = A[h] · softplus(x[n,h] + bias[h])`, the time step Δ of
/// https://arxiv.org/abs/2405.21060 times the head's rate.
///
/// @param x `[N, H]`
/// @param rate `[H]`, the decay rate A in the form `form`
/// @param bias `[H]`
public record LogDecay(Tensor x, Weight rate, DecayForm form, Weight bias) implements Operation {
    public LogDecay {
        Compute.require(Compute.stored(rate).size() == x.cols(), "decay", x, Compute.stored(rate));
        Compute.require(Compute.stored(bias).size() == x.cols(), "decay", x, Compute.stored(bias));
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Tensor a = Compute.stored(rate);
        Tensor b = Compute.stored(bias);
        Ranges.run(ops.kernels().workers(), x.rows(), 40L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                long h = i % x.cols();
                y.set(i, (float) (form.rate(a.get(h)) * softplus((double) x.get(i) + b.get(h))));
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(rate, bias);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Tensor drate = tape.gradient(rate);
        Tensor dbias = tape.gradient(bias);
        Tensor a = Compute.stored(rate);
        Tensor b = Compute.stored(bias);
        // Threads share the heads, so that each sum has a fixed order.
        Ranges.run(tape.kernels().workers(), x.cols(), 60L * x.rows(), (from, to) -> {
            for (int h = from; h < to; h++) {
                double biasSum = 0;
                double rateSum = 0;
                for (long i = h; i < x.size(); i += x.cols()) {
                    double z = (double) x.get(i) + b.get(h);
                    double d = dy.get(i) * form.rate(a.get(h)) / (1 + Math.exp(-z));
                    dx.set(i, dx.get(i) + (float) d);
                    biasSum += d;
                    rateSum += dy.get(i) * form.derivative(a.get(h)) * softplus(z);
                }
                dbias.set(h, (float) (dbias.get(h) + biasSum));
                drate.set(h, (float) (drate.get(h) + rateSum));
            }
        });
    }
}

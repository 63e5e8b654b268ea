package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// The logarithm of a decay for the channels of head h, with z = x + bias: `y = A[h] · softplus(z)`, the time step Δ of
/// https://arxiv.org/abs/2405.21060 times the head's rate, or with a lower bound `y = lowest · σ(-A[h] · z)`. A head
/// has one channel or several, each with its own step.
///
/// @param x `[N, H·C]`
/// @param rate `[H]`, the decay rate A in the form `form`
/// @param bias `[H·C]`
/// @param lowest the lower bound, negative; 0 for none
public record LogDecay(Tensor x, Weight rate, DecayForm form, Weight bias, float lowest)
        implements Operation.ReadsInputs {
    public LogDecay {
        Compute.require(x.cols() % Compute.stored(rate).size() == 0, "decay", x, Compute.stored(rate));
        Compute.require(Compute.stored(bias).size() == x.cols(), "decay", x, Compute.stored(bias));
    }

    /// A decay without a lower bound.
    public LogDecay(Tensor x, Weight rate, DecayForm form, Weight bias) {
        this(x, rate, form, bias, 0);
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Tensor a = Compute.stored(rate);
        Tensor b = Compute.stored(bias);
        long group = x.cols() / a.size();
        Ranges.run(ops.kernels().workers(), x.rows(), 40L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                long c = i % x.cols();
                double z = (double) x.get(i) + b.get(c);
                double slope = form.rate(a.get(c / group));
                y.set(i, (float) (lowest == 0 ? slope * softplus(z) : lowest / (1 + Math.exp(slope * z))));
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
        int group = Math.toIntExact(x.cols() / a.size());
        // Threads share the heads, so that each sum has a fixed order.
        Ranges.run(tape.kernels().workers(), (int) a.size(), 60L * x.rows() * group, (from, to) -> {
            for (int h = from; h < to; h++) {
                double rateSum = 0;
                double slope = form.rate(a.get(h));
                double derivative = form.derivative(a.get(h));
                for (int c = h * group; c < (h + 1) * group; c++) {
                    double biasSum = 0;
                    for (long i = c; i < x.size(); i += x.cols()) {
                        double z = (double) x.get(i) + b.get(c);
                        double dz;
                        if (lowest == 0) {
                            dz = dy.get(i) * slope / (1 + Math.exp(-z));
                            rateSum += dy.get(i) * derivative * softplus(z);
                        } else {
                            double s = 1 / (1 + Math.exp(slope * z));
                            double d = -dy.get(i) * lowest * s * (1 - s);
                            dz = d * slope;
                            rateSum += d * z;
                        }
                        dx.set(i, dx.get(i) + (float) dz);
                        biasSum += dz;
                    }
                    dbias.set(c, (float) (dbias.get(c) + biasSum));
                }
                drate.set(h, (float) (drate.get(h) + rateSum * (lowest == 0 ? 1 : derivative)));
            }
        });
    }
}

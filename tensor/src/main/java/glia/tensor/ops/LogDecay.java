package glia.tensor.ops;

import glia.tensor.Tensor;

/// The logarithm of what a head keeps of its state: `y[n,h] = -e^rate[h] · softplus(x[n,h] + bias[h])`, the step Δ of
/// https://arxiv.org/abs/2405.21060 times the head's rate.
///
/// @param x `[N, H]`
/// @param rate `[H]`, the logarithm of how fast the head forgets
/// @param bias `[H]`
public record LogDecay(Tensor x, Weight rate, Weight bias) implements Operation {
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
        for (long i = 0; i < x.size(); i++) {
            long h = i % x.cols();
            y.set(i, (float) (-Math.exp(a.get(h)) * softplus((double) x.get(i) + b.get(h))));
        }
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Tensor drate = tape.gradient(rate);
        Tensor dbias = tape.gradient(bias);
        Tensor a = Compute.stored(rate);
        Tensor b = Compute.stored(bias);
        for (long i = 0; i < x.size(); i++) {
            long h = i % x.cols();
            double d = -dy.get(i) * Math.exp(a.get(h)) / (1 + Math.exp(-((double) x.get(i) + b.get(h))));
            dx.set(i, dx.get(i) + (float) d);
            dbias.set(h, dbias.get(h) + (float) d);
            drate.set(h, drate.get(h) + dy.get(i) * y.get(i));
        }
    }
}

package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// The WKV operator of RWKV-4 (https://arxiv.org/abs/2305.13048, equation 16), for each channel a mean of the values of
/// all tokens so far, whose weights grow with the key and decay with the distance; the token itself has a bonus u:
///
/// > y_t = (Σ_{i<t} e^{(t-1-i)w + k_i} v_i + e^{u + k_t} v_t) / (Σ_{i<t} e^{(t-1-i)w + k_i} + e^{u + k_t}),
/// > w = -e^decay
///
/// Numerator and denominator are kept divided by e^p, where p is the largest exponent so far.
///
/// The state of a sequence is numerator, denominator and p of each channel, `[3, C]`.
///
/// @param k `[N, C]`
/// @param v `[N, C]`
/// @param decay `[C]`
/// @param bonus u, `[C]`
public record WeightedKeyValueScan(Tensor k, Tensor v, Weight decay, Weight bonus, RecurrentState state, Runs runs)
        implements Operation {
    /// The exponent of an empty sum.
    private static final double NOTHING = -1e38;

    public WeightedKeyValueScan {
        Compute.require(k.rows() == runs.numTokens() && v.rows() == k.rows() && v.cols() == k.cols(), "WKV", k, v);
        Compute.require(Compute.stored(decay).size() == k.cols() && Compute.stored(bonus).size() == k.cols(), "WKV", k,
                Compute.stored(decay));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(k.rows(), k.cols());
        StateAddresses states = new StateAddresses(state, runs);
        float[] decays = ChannelBlocks.numbers(decay);
        float[] bonuses = ChannelBlocks.numbers(bonus);
        Ranges.run(ops.kernels().workers(), k.cols(), 100L * k.rows(), (from, to) -> {
            for (int c = from; c < to; c++) {
                double w = -Math.exp(decays[c]);
                for (int run = 0; run < runs.count(); run++) {
                    double a = load(states, run, c);
                    double b = load(states, run, k.cols() + c);
                    double p = b == 0 ? NOTHING : load(states, run, 2L * k.cols() + c);
                    for (int t = runs.start(run); t < runs.end(run); t++) {
                        long i = (long) t * k.cols() + c;
                        double key = k.get(i);
                        double value = v.get(i);
                        double most = Math.max(p, bonuses[c] + key);
                        double old = Math.exp(p - most);
                        double now = Math.exp(bonuses[c] + key - most);
                        y.set(i, (float) ((old * a + now * value) / (old * b + now)));
                        double next = Math.max(p + w, key);
                        old = Math.exp(p + w - next);
                        now = Math.exp(key - next);
                        // Rounded as the state is stored, so that results do not depend on where a run begins.
                        a = (float) (old * a + now * value);
                        b = (float) (old * b + now);
                        p = (float) next;
                    }
                    store(states, run, c, a);
                    store(states, run, k.cols() + c, b);
                    store(states, run, 2L * k.cols() + c, b == 0 ? 0 : p);
                }
            }
        });
        return y;
    }

    private static double load(StateAddresses states, int run, long index) {
        long at = states.before(run, index);
        return at == 0 ? 0 : Memory.f32(at);
    }

    private static void store(StateAddresses states, int run, long index, double x) {
        long at = states.after(run, index);
        if (at != 0) {
            Memory.f32(at, (float) x);
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(k, v);
        inputs.weights(decay, bonus);
    }

    @Override
    public Operation owned() {
        return new WeightedKeyValueScan(k, v, decay, bonus, state, runs.frozen());
    }

    /// From the last token to the first, with the gradients α and β of numerator and denominator times e^p. They need
    /// no gradient through p, on which the result does not depend.
    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        Tensor dk = tape.gradient(k);
        Tensor dv = tape.gradient(v);
        Tensor dy = tape.gradient(y);
        Tensor ddecay = tape.gradient(decay);
        Tensor dbonus = tape.gradient(bonus);
        float[] decays = ChannelBlocks.numbers(decay);
        float[] bonuses = ChannelBlocks.numbers(bonus);
        Ranges.run(tape.kernels().workers(), k.cols(), 200L * k.rows(), (from, to) -> {
            double[][] sums = new double[3][k.rows() + 1];
            for (int c = from; c < to; c++) {
                double w = -Math.exp(decays[c]);
                double dw = 0;
                double du = 0;
                for (int run = 0; run < runs.count(); run++) {
                    int start = runs.start(run);
                    int end = runs.end(run);
                    sums(sums, start, end, c, w);
                    double alpha = 0;
                    double beta = 0;
                    for (int t = end - 1; t >= start; t--) {
                        long i = (long) t * k.cols() + c;
                        double key = k.get(i);
                        double value = v.get(i);
                        double p = sums[2][t - start];
                        double next = sums[2][t - start + 1];
                        double decayed = Math.exp(p + w - next);
                        double written = Math.exp(key - next);
                        double most = Math.max(p, bonuses[c] + key);
                        double old = Math.exp(p - most);
                        double now = Math.exp(bonuses[c] + key - most);
                        double share = dy.get(i) / (old * sums[1][t - start] + now);
                        double own = share * (value - y.get(i)) * now;
                        du += own;
                        dw += decayed * (alpha * sums[0][t - start] + beta * sums[1][t - start]);
                        dk.set(i, (float) (dk.get(i) + own + (alpha * value + beta) * written));
                        dv.set(i, (float) (dv.get(i) + share * now + alpha * written));
                        alpha = alpha * decayed + share * old;
                        beta = beta * decayed - share * y.get(i) * old;
                    }
                }
                ddecay.set(c, (float) (ddecay.get(c) + dw * w));
                dbonus.set(c, (float) (dbonus.get(c) + du));
            }
        });
    }

    /// Numerator, denominator and p before each token of a run and after the last.
    private void sums(double[][] sums, int start, int end, int c, double w) {
        sums[0][0] = 0;
        sums[1][0] = 0;
        sums[2][0] = NOTHING;
        for (int t = start; t < end; t++) {
            long i = (long) t * k.cols() + c;
            double p = sums[2][t - start];
            double next = Math.max(p + w, k.get(i));
            double old = Math.exp(p + w - next);
            double now = Math.exp(k.get(i) - next);
            sums[0][t - start + 1] = old * sums[0][t - start] + now * v.get(i);
            sums[1][t - start + 1] = old * sums[1][t - start] + now;
            sums[2][t - start + 1] = next;
        }
    }
}

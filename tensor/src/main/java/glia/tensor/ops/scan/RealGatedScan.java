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

/// The RG-LRU of Griffin (https://arxiv.org/abs/2402.19427, equations 1 to 4), a recurrence of each channel with two
/// gates:
///
/// > a_t = e^(-8 σ(r_t) softplus(λ)),  h_t = a_t h_{t-1} + √(1 - a_t²) σ(i_t) x_t
///
/// At position 0 of a sequence `h = σ(i) x`.
///
/// The state of a sequence is h, `[C]`.
///
/// @param x `[N, C]`
/// @param input i, the input gate before the sigmoid, `[N, C]`
/// @param recurrence r, the recurrence gate before the sigmoid, `[N, C]`
/// @param rate λ, `[C]`
public record RealGatedScan(Tensor x, Tensor input, Tensor recurrence, Weight rate, RecurrentState state, Runs runs)
        implements Operation {
    private static final double SHARPNESS = -8;
    /// The largest derivative of the square root is 1000, as in the reference.
    private static final double LEAST = 1e-6;

    public RealGatedScan {
        Compute.require(x.rows() == runs.numTokens() && input.rows() == x.rows() && input.cols() == x.cols(), "RG-LRU",
                x, input);
        Compute.require(recurrence.rows() == x.rows() && recurrence.cols() == x.cols()
                && Compute.stored(rate).size() == x.cols(), "RG-LRU", x, recurrence);
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    private static double softplus(double z) {
        return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        StateAddresses states = new StateAddresses(state, runs);
        float[] rates = ChannelBlocks.numbers(rate);
        Ranges.run(ops.kernels().workers(), x.cols(), 100L * x.rows(), (from, to) -> {
            for (int c = from; c < to; c++) {
                double slope = SHARPNESS * softplus(rates[c]);
                for (int run = 0; run < runs.count(); run++) {
                    long before = states.before(run, c);
                    double h = before == 0 ? 0 : Memory.f32(before);
                    for (int t = runs.start(run); t < runs.end(run); t++) {
                        long i = (long) t * x.cols() + c;
                        double in = sigmoid(input.get(i)) * x.get(i);
                        double decay = slope * sigmoid(recurrence.get(i));
                        // Rounded as the state is stored, so that results do not depend on where a run begins.
                        h = (float) (isFirst(run, t) ? in
                                : Math.exp(decay) * h + Math.sqrt(-Math.expm1(2 * decay)) * in);
                        y.set(i, (float) h);
                    }
                    long after = states.after(run, c);
                    if (after != 0) {
                        Memory.f32(after, (float) h);
                    }
                }
            }
        });
        return y;
    }

    private boolean isFirst(int run, int t) {
        return t == runs.start(run) && runs.position(run) == 0;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, input, recurrence);
        inputs.weights(rate);
    }

    @Override
    public Operation owned() {
        return new RealGatedScan(x, input, recurrence, rate, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        Tensor dx = tape.gradient(x);
        Tensor di = tape.gradient(input);
        Tensor dr = tape.gradient(recurrence);
        Tensor drate = tape.gradient(rate);
        Tensor dy = tape.gradient(y);
        float[] rates = ChannelBlocks.numbers(rate);
        Ranges.run(tape.kernels().workers(), x.cols(), 150L * x.rows(), (from, to) -> {
            for (int c = from; c < to; c++) {
                double slope = SHARPNESS * softplus(rates[c]);
                double sum = 0;
                for (int run = 0; run < runs.count(); run++) {
                    double dh = 0;
                    for (int t = runs.end(run) - 1; t >= runs.start(run); t--) {
                        long i = (long) t * x.cols() + c;
                        dh += dy.get(i);
                        boolean first = isFirst(run, t);
                        double gate = sigmoid(input.get(i));
                        double r = sigmoid(recurrence.get(i));
                        double a = Math.exp(slope * r);
                        double rest = -Math.expm1(2 * slope * r);
                        double factor = first ? 1 : Math.sqrt(rest);
                        dx.set(i, (float) (dx.get(i) + dh * factor * gate));
                        di.set(i, (float) (di.get(i) + dh * factor * x.get(i) * gate * (1 - gate)));
                        if (!first) {
                            double old = t == runs.start(run) ? 0 : y.get(i - x.cols());
                            double dfactor = -2 * a * a / Math.sqrt(Math.max(4 * rest, LEAST));
                            double dlog = dh * (a * old + dfactor * gate * x.get(i));
                            dr.set(i, (float) (dr.get(i) + dlog * slope * r * (1 - r)));
                            sum += dlog * r;
                        }
                        dh = first ? 0 : dh * a;
                    }
                }
                drate.set(c, (float) (drate.get(c) + sum * SHARPNESS * sigmoid(rates[c])));
            }
        });
    }
}

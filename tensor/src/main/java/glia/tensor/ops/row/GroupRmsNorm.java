package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// RMS normalization of each of G groups of a row, with a weight for each column: `y = x / √(mean_group(x²) + eps) ·
/// w`. https://arxiv.org/abs/1910.07467, groups: https://arxiv.org/abs/2405.21060
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

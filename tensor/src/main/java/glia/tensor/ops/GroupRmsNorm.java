package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Root mean square norm of each of G groups of a row by itself, with a weight for each number of the row:
/// `y = x / √(mean_group(x²) + eps) · w`. https://arxiv.org/abs/1910.07467, groups: https://arxiv.org/abs/2405.21060
///
/// @param x `[N, D]`
/// @param w `[D]`
public record GroupRmsNorm(Tensor x, Weight w, int numGroups, float eps) implements Operation {
    public GroupRmsNorm {
        Compute.require(numGroups > 0 && x.cols() % numGroups == 0 && Compute.stored(w).size() == x.cols(),
                "norm of groups", x, Compute.stored(w));
    }

    private static double factor(float[] x, int from, int size, float eps) {
        double sum = 0;
        for (int i = from; i < from + size; i++) {
            sum += (double) x[i] * x[i];
        }
        return 1 / Math.sqrt(sum / size + eps);
    }

    private interface Body {
        void run(int from, int to);
    }

    private static final class Rows extends RangeTask {
        private final Body body;

        Rows(Workers workers, Tensor x, Body body) {
            super(workers);
            this.body = body;
            spread(x.rows(), 4L * x.cols());
        }

        @Override
        protected void range(int from, int to, int worker) {
            body.run(from, to);
        }
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        float[] weights = ChannelBlocks.numbers(w);
        int size = x.cols() / numGroups;
        new Rows(ops.kernels().workers(), x, (from, to) -> {
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
        Tensor dw = tape.gradient(w);
        Tensor dy = tape.gradient(y);
        float[] weights = ChannelBlocks.numbers(w);
        float[] row = new float[x.cols()];
        float[] out = new float[x.cols()];
        float[] change = new float[x.cols()];
        double[] slopes = new double[x.cols()];
        int size = x.cols() / numGroups;
        for (int n = 0; n < x.rows(); n++) {
            ChannelBlocks.load(x, n, 0, row, row.length);
            ChannelBlocks.load(dy, n, 0, out, out.length);
            for (int at = 0; at < row.length; at += size) {
                double r = factor(row, at, size, eps);
                double dot = 0;
                for (int i = at; i < at + size; i++) {
                    slopes[i] += out[i] * row[i] * r;
                    dot += (double) out[i] * weights[i] * row[i];
                }
                double pull = r * r * dot / size;
                for (int i = at; i < at + size; i++) {
                    change[i] = (float) (r * ((double) out[i] * weights[i] - row[i] * pull));
                }
            }
            ChannelBlocks.add(change, dx, n, 0, row.length);
        }
        for (int i = 0; i < slopes.length; i++) {
            dw.set(i, dw.get(i) + (float) slopes[i]);
        }
    }
}

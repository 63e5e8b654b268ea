package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Attention in both directions with learned keys and values for near distances
/// (https://arxiv.org/abs/1803.02155, in the form of https://arxiv.org/abs/1809.04281):
///
/// > y_i = Σ_j p_ij (v_j + V[j - i]), p_i = softmax_j(q_i · (k_j + K[j - i]))
///
/// K and V are zero for distances beyond the window. All heads share them.
///
/// @param q `[N, H·E]`, scaled, like k and v
/// @param keys K `[2w + 1, E]`, from the distance -w to w
/// @param values V of the same shape
public record WindowBiasAttention(Tensor q, Tensor k, Tensor v, Weight keys, Weight values) implements Operation {
    public WindowBiasAttention {
        Compute.require(k.rows() == q.rows() && k.cols() == q.cols() && v.rows() == q.rows() && v.cols() == q.cols()
                && q.cols() % keys.cols() == 0 && values.cols() == keys.cols() && values.rows() == keys.rows()
                && keys.rows() % 2 == 1, "attention", q, k);
    }

    private int size() {
        return keys.cols();
    }

    /// The address of a row of a head.
    private long at(Tensor x, int row, int head) {
        return x.address() + 4 * ((long) row * x.cols() + (long) head * size());
    }

    /// The address of the row of a distance; 0 beyond the window.
    private static long near(Tensor table, int distance) {
        int row = distance + table.rows() / 2;
        return row < 0 || row >= table.rows() ? 0 : table.address() + 4L * row * table.cols();
    }

    /// The weights of all places for one.
    private double[] weights(int i, int head) {
        Tensor near = Compute.stored(keys);
        double[] p = new double[q.rows()];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < p.length; j++) {
            long extra = near(near, j - i);
            p[j] = Vectors.dot(at(q, i, head), at(k, j, head), size())
                    + (extra == 0 ? 0 : Vectors.dot(at(q, i, head), extra, size()));
            max = Math.max(max, p[j]);
        }
        double sum = 0;
        for (int j = 0; j < p.length; j++) {
            p[j] = Math.exp(p[j] - max);
            sum += p[j];
        }
        for (int j = 0; j < p.length; j++) {
            p[j] /= sum;
        }
        return p;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), q.cols());
        y.zero();
        Tensor near = Compute.stored(values);
        ops.kernels().workers().run((chunk, worker) -> {
            int head = chunk % (q.cols() / size());
            int i = chunk / (q.cols() / size());
            double[] p = weights(i, head);
            for (int j = 0; j < p.length; j++) {
                Vectors.addScaled(at(y, i, head), at(v, j, head), (float) p[j], size());
                long extra = near(near, j - i);
                if (extra != 0) {
                    Vectors.addScaled(at(y, i, head), extra, (float) p[j], size());
                }
            }
        }, q.rows() * (q.cols() / size()));
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
        inputs.weights(keys, values);
    }

    /// `dp_ij = dy_i · (v_j + V)`, `ds_ij = p_ij (dp_ij - Σ_j p_ij dp_ij)`; the rest follows the formula.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dq = tape.gradient(q);
        Tensor dk = tape.gradient(k);
        Tensor dv = tape.gradient(v);
        Tensor dKeys = tape.gradient(keys);
        Tensor dValues = tape.gradient(values);
        for (int head = 0; head < q.cols() / size(); head++) {
            for (int i = 0; i < q.rows(); i++) {
                double[] p = weights(i, head);
                double[] dp = new double[p.length];
                double mean = 0;
                for (int j = 0; j < p.length; j++) {
                    long extra = near(Compute.stored(values), j - i);
                    dp[j] = Vectors.dot(at(dy, i, head), at(v, j, head), size())
                            + (extra == 0 ? 0 : Vectors.dot(at(dy, i, head), extra, size()));
                    mean += p[j] * dp[j];
                }
                for (int j = 0; j < p.length; j++) {
                    float ds = (float) (p[j] * (dp[j] - mean));
                    Vectors.addScaled(at(dq, i, head), at(k, j, head), ds, size());
                    Vectors.addScaled(at(dk, j, head), at(q, i, head), ds, size());
                    Vectors.addScaled(at(dv, j, head), at(dy, i, head), (float) p[j], size());
                    long extra = near(Compute.stored(keys), j - i);
                    if (extra != 0) {
                        Vectors.addScaled(at(dq, i, head), extra, ds, size());
                        Vectors.addScaled(near(dKeys, j - i), at(q, i, head), ds, size());
                        Vectors.addScaled(near(dValues, j - i), at(dy, i, head), (float) p[j], size());
                    }
                }
            }
        }
    }
}

package glia.tensor.ops.stream;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Attention of learned queries to the m states of a token: `y[n,q] = Σ_i softmax_i(query_q · x[n,i] / √D) x[n,i]`,
/// `[N, m·D]` to `[N, Q·D]`.
///
/// @param queries `[D]` or `[Q, D]`
public record StateMix(Tensor x, Weight queries) implements Operation.ReadsInputs {
    public StateMix {
        Tensor q = Compute.stored(queries);
        Compute.require(q.cols() > 0 && x.cols() > 0 && x.cols() % q.cols() == 0, "mix of states", x, q);
    }

    private int size() {
        return Compute.stored(queries).cols();
    }

    private int numQueries() {
        return (int) (Compute.stored(queries).size() / size());
    }

    /// The shares of the states of a token.
    private double[] shares(int n, int query) {
        int size = size();
        double[] shares = new double[x.cols() / size];
        long q = Compute.stored(queries).address() + 4L * query * size;
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < shares.length; i++) {
            shares[i] = Vectors.dot(q, at(x, n, i), size) / Math.sqrt(size);
            largest = Math.max(largest, shares[i]);
        }
        double sum = 0;
        for (int i = 0; i < shares.length; i++) {
            shares[i] = Math.exp(shares[i] - largest);
            sum += shares[i];
        }
        for (int i = 0; i < shares.length; i++) {
            shares[i] /= sum;
        }
        return shares;
    }

    /// The address of vector i of a row.
    private long at(Tensor t, int n, int i) {
        return t.address() + n * t.rowBytes() + 4L * i * size();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), numQueries() * size());
        y.zero();
        Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols() * numQueries(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (int q = 0; q < numQueries(); q++) {
                    double[] shares = shares(n, q);
                    for (int i = 0; i < shares.length; i++) {
                        Vectors.addScaled(at(y, n, q), at(x, n, i), (float) shares[i], size());
                    }
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(queries);
    }

    /// With `g_i = dy · x_i` and shares p: `ds_i = p_i (g_i - Σ p g)`, `dx_i += p_i dy + ds_i q / √D`,
    /// `dq += ds_i x_i / √D`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Tensor dq = tape.gradient(queries);
        int size = size();
        for (int n = 0; n < x.rows(); n++) {
            for (int q = 0; q < numQueries(); q++) {
                double[] shares = shares(n, q);
                double[] gains = new double[shares.length];
                double mean = 0;
                for (int i = 0; i < shares.length; i++) {
                    gains[i] = Vectors.dot(at(dy, n, q), at(x, n, i), size);
                    mean += shares[i] * gains[i];
                }
                for (int i = 0; i < shares.length; i++) {
                    float ds = (float) (shares[i] * (gains[i] - mean) / Math.sqrt(size));
                    Vectors.addScaled(at(dx, n, i), at(dy, n, q), (float) shares[i], size);
                    Vectors.addScaled(at(dx, n, i), Compute.stored(queries).address() + 4L * q * size, ds, size);
                    Vectors.addScaled(dq.address() + 4L * q * size, at(x, n, i), ds, size);
                }
            }
        }
    }
}

package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// A weighted sum of the shares that routers give to experts, the differentiable part of losses that balance loads:
/// `y = Σ_n Σ_e c[g(n), e] · s(z[n,e]) / Σ_j s(z[n,j])`, one value, in F64.
///
/// With softmax scores the share is a probability, `P_e` of Switch Transformers (https://arxiv.org/abs/2101.03961);
/// with sigmoid scores it is the normalized affinity of DeepSeek-V3 (https://arxiv.org/abs/2412.19437, equation 19).
/// The factors c hold how often each expert was chosen; they have no gradient.
public final class RouterBalance implements UnaryOperation {
    /// Approximate cost of a score, in multiplications.
    private static final long COST = 30;

    private final Tensor logits;
    private final Router.Score score;
    private final double[][] factors;
    private final int[] groups;

    /// @param logits z, `[N, X]`
    /// @param score s; that of `LOGIT` is the softmax
    /// @param factors c, an array of X for each group
    /// @param groups g, the group of each token
    public RouterBalance(Tensor logits, Router.Score score, double[][] factors, int[] groups) {
        Compute.require(groups.length == logits.rows(), "balance", logits, groups.length);
        for (double[] row : factors) {
            Compute.require(row.length == logits.cols(), "balance", logits, row.length);
        }
        this.logits = logits;
        this.score = score;
        this.factors = factors;
        this.groups = groups;
    }

    @Override
    public Tensor x() {
        return logits;
    }

    @Override
    public Operation owned() {
        double[][] own = new double[factors.length][];
        for (int i = 0; i < own.length; i++) {
            own[i] = factors[i].clone();
        }
        return new RouterBalance(logits, score, own, groups.clone());
    }

    @Override
    public Tensor forward(Compute ops) {
        double[] ofToken = new double[logits.rows()];
        Ranges.run(ops.kernels().workers(), logits.rows(), COST * logits.cols(), (from, to) -> {
            double[] shares = new double[logits.cols()];
            for (int n = from; n < to; n++) {
                shares(n, shares);
                ofToken[n] = weighted(n, shares);
            }
        });
        double sum = 0;
        for (double part : ofToken) {
            sum += part;
        }
        Tensor y = ops.allocate(1, 1);
        y.set(0, (float) sum);
        return y;
    }

    private double weighted(int n, double[] shares) {
        double[] c = factors[groups[n]];
        double sum = 0;
        for (int e = 0; e < shares.length; e++) {
            sum += c[e] * shares[e];
        }
        return sum;
    }

    private double logit(int n, int e) {
        return logits.get((long) n * logits.cols() + e);
    }

    /// Computes the shares of token n; returns the sum of its scores, relative to the largest one for exponentials.
    private double shares(int n, double[] shares) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < shares.length; e++) {
            largest = Math.max(largest, logit(n, e));
        }
        double sum = 0;
        for (int e = 0; e < shares.length; e++) {
            double z = logit(n, e);
            shares[e] = switch (score) {
                case LOGIT, SOFTMAX -> Math.exp(z - largest);
                case SIGMOID -> sigmoid(z);
                case ROOT_SOFTPLUS -> Math.sqrt(Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))));
            };
            sum += shares[e];
        }
        for (int e = 0; e < shares.length; e++) {
            shares[e] /= sum;
        }
        return sum;
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    /// `dz[n,e] += dy · s'(z) / Σ s · (c[e] - Σ_j c[j] · share[j])`.
    @Override
    public void backward(Tape tape, Tensor y) {
        double dy = tape.gradient(y).get(0);
        Tensor dz = tape.gradient(logits);
        Ranges.run(tape.kernels().workers(), logits.rows(), COST * logits.cols(), (from, to) -> {
            double[] shares = new double[logits.cols()];
            for (int n = from; n < to; n++) {
                double sum = shares(n, shares);
                double mean = weighted(n, shares);
                for (int e = 0; e < shares.length; e++) {
                    double z = logit(n, e);
                    double slope = switch (score) {
                        case LOGIT, SOFTMAX -> shares[e];
                        case SIGMOID -> shares[e] * sigmoid(-z);
                        case ROOT_SOFTPLUS -> sigmoid(z) / (2 * shares[e] * sum) / sum;
                    };
                    long at = (long) n * shares.length + e;
                    dz.set(at, (float) (dz.get(at) + dy * slope * (factors[groups[n]][e] - mean)));
                }
            }
        });
    }
}

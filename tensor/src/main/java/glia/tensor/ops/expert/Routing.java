package glia.tensor.ops.expert;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.util.Arrays;
import java.util.Optional;

/// Top-k routing: computes the weights `[N, k]` of the experts that a `Router` chooses for each token from the logits
/// `[N, X]`. For equal scores the expert with the lower index wins. Gradients flow to the logits through the weights,
/// exactly. The choice is not differentiable, so a correction gets no gradient.
public final class Routing implements Operation {
    /// Lower limit of the sum of scores, to avoid division by 0.
    private static final double MIN_SUM = 1e-20;

    private final Tensor logits;
    private final Router router;
    private final double[] correction;
    private final Optional<int[]> given;
    private int[] chosen;

    /// @param correction `[X]`, if the router has one
    public Routing(Tensor logits, Router router, Optional<Weight> correction) {
        this(logits, router, correction, Optional.empty());
    }

    /// Routing to given experts, of which only the weights depend on the logits.
    ///
    /// @param given k experts for each token, one after the other
    public Routing(Tensor logits, Router router, int[] given) {
        this(logits, router, Optional.empty(), Optional.of(given));
        Compute.require(given.length == logits.rows() * router.numChosen(), "given experts", logits, given.length);
        for (int expert : given) {
            Compute.require(expert >= 0 && expert < logits.cols(), "given experts", logits, expert);
        }
    }

    private Routing(Tensor logits, Router router, Optional<Weight> correction, Optional<int[]> given) {
        this.given = given;
        this.logits = logits;
        this.router = router;
        router.check(logits.cols());
        boolean learned = router.correction() == Router.Correction.LEARNED;
        Compute.require(learned == correction.isPresent()
                && (!learned || correction.get().cols() == logits.cols()), "routing", logits, correction);
        this.correction = new double[logits.cols()];
        correction.ifPresent(w -> {
            Tensor t = Compute.stored(w);
            Arrays.setAll(this.correction, t::get);
        });
    }

    public int numTokens() {
        return logits.rows();
    }

    public int numExperts() {
        return logits.cols();
    }

    public Router router() {
        return router;
    }

    /// k, the experts of a token.
    public int numChosen() {
        return router.numChosen();
    }

    /// The experts of token n at `n · k` to `(n + 1) · k`, best first; set by `forward`.
    public int[] chosen() {
        return chosen;
    }

    @Override
    public Tensor forward(Compute ops) {
        int k = router.numChosen();
        chosen = new int[logits.rows() * k];
        Tensor weights = ops.allocate(logits.rows(), k);
        each(ops.kernels().workers(), (n, row) -> {
            scores(n, row.scores);
            choose(n, row);
            double sum = share(n, row);
            for (int j = 0; j < k; j++) {
                weights.set((long) n * k + j, (float) (router.scale() * row.shares[j] / sum));
            }
        });
        return weights;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(logits);
    }

    @Override
    public void backward(Tape tape, Tensor weights) {
        int k = router.numChosen();
        Tensor dweights = tape.gradient(weights);
        Tensor dlogits = tape.gradient(logits);
        each(tape.kernels().workers(), (n, row) -> {
            scores(n, row.scores);
            double sum = share(n, row);
            double mean = 0;
            for (int j = 0; j < k; j++) {
                row.gradients[j] = router.scale() * dweights.get((long) n * k + j);
                mean += row.gradients[j] * row.shares[j] / sum;
            }
            for (int j = 0; j < k; j++) {
                row.gradients[j] = switch (router.share()) {
                    case AS_IS -> row.gradients[j];
                    case NORMALIZED -> (row.gradients[j] - mean) / sum;
                    case SOFTMAX -> (row.gradients[j] - mean) * row.shares[j] / sum;
                    case SPARSE_MIXER -> row.gradients[j] * row.shares[j];
                };
            }
            if (router.share() == Router.Share.SPARSE_MIXER) {
                addSparse(n, row, dlogits);
            } else {
                addGradients(n, row, dlogits);
            }
        });
    }

    // ---- one token -----------------------------------------------------------------------------------------------

    /// Scratch memory for one token.
    private static final class Row {
        final double[] scores;
        final double[] order;
        final boolean[] closed;
        final double[] shares;
        final double[] gradients;

        Row(int numExperts, int numChosen) {
            scores = new double[numExperts];
            order = new double[numExperts];
            closed = new boolean[numExperts];
            shares = new double[numChosen];
            gradients = new double[numChosen];
        }
    }

    private interface OfToken {
        void run(int n, Row row);
    }

    private void each(Workers workers, OfToken work) {
        int tokens = logits.rows();
        int chunks = tokens < 8 ? Math.min(1, tokens) : workers.chunksFor(tokens);
        workers.run((chunk, worker) -> {
            Row row = new Row(logits.cols(), router.numChosen());
            for (int n = (int) ((long) chunk * tokens / chunks); n < (chunk + 1L) * tokens / chunks; n++) {
                work.run(n, row);
            }
        }, chunks);
    }

    private double logit(int n, int expert) {
        return Memory.f32(logits.address() + 4 * ((long) n * logits.cols() + expert));
    }

    private void scores(int n, double[] scores) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < scores.length; e++) {
            scores[e] = logit(n, e);
            largest = Math.max(largest, scores[e]);
        }
        double sum = 0;
        for (int e = 0; e < scores.length; e++) {
            scores[e] = switch (router.score()) {
                case LOGIT -> scores[e];
                case SOFTMAX -> Math.exp(scores[e] - largest);
                case SIGMOID -> 1 / (1 + Math.exp(-scores[e]));
                case ROOT_SOFTPLUS -> Math.sqrt(Math.max(scores[e], 0) + Math.log1p(Math.exp(-Math.abs(scores[e]))));
            };
            sum += scores[e];
        }
        if (router.score() == Router.Score.SOFTMAX) {
            for (int e = 0; e < scores.length; e++) {
                scores[e] /= sum;
            }
        }
    }

    /// Writes the experts of token n to `chosen`.
    private void choose(int n, Row row) {
        int k = router.numChosen();
        if (given.isPresent()) {
            System.arraycopy(given.get(), n * k, chosen, n * k, k);
            return;
        }
        Arrays.fill(row.closed, false);
        boolean byLogits = router.correction() == Router.Correction.NONE
                && router.groups() instanceof Router.Groups.All;
        for (int e = 0; e < row.order.length; e++) {
            // Logits distinguish experts whose scores are equal after rounding.
            row.order[e] = byLogits ? logit(n, e) : row.scores[e] + correction[e];
        }
        if (router.groups() instanceof Router.Groups.Best best) {
            close(best, row);
        }
        for (int j = 0; j < k; j++) {
            int expert = best(row.order, row.closed, 0, row.order.length);
            chosen[n * k + j] = expert;
            row.closed[expert] = true;
        }
    }

    /// The index of the first of the largest values that are not excluded, or -1.
    private static int best(double[] order, boolean[] closed, int from, int to) {
        int best = -1;
        for (int e = from; e < to; e++) {
            if (!closed[e] && (best < 0 || order[e] > order[best])) {
                best = e;
            }
        }
        return best;
    }

    /// Excludes all but the best groups.
    private static void close(Router.Groups.Best groups, Row row) {
        int size = row.order.length / groups.count();
        double[] ofGroup = new double[groups.count()];
        for (int g = 0; g < ofGroup.length; g++) {
            int first = best(row.order, row.closed, g * size, (g + 1) * size);
            ofGroup[g] = row.order[first];
            if (groups.by() == Router.By.BEST_TWO && size > 1) {
                row.closed[first] = true;
                ofGroup[g] += row.order[best(row.order, row.closed, g * size, (g + 1) * size)];
                row.closed[first] = false;
            }
        }
        boolean[] kept = new boolean[ofGroup.length];
        for (int i = 0; i < groups.kept(); i++) {
            kept[best(ofGroup, kept, 0, kept.length)] = true;
        }
        for (int e = 0; e < row.closed.length; e++) {
            row.closed[e] = !kept[e / size];
        }
    }

    /// Computes the weights of the chosen experts before division by their sum, which is returned.
    private double share(int n, Row row) {
        int k = row.shares.length;
        if (router.share() == Router.Share.SPARSE_MIXER) {
            for (int j = 0; j < k; j++) {
                SparseMixer.shares(row.scores, chosen, n * k, j, router.jitter(), row.order);
                row.shares[j] = row.order[chosen[n * k + j]];
            }
            return 1;
        }
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < k; j++) {
            row.shares[j] = row.scores[chosen[n * k + j]];
            largest = Math.max(largest, row.shares[j]);
        }
        double sum = 0;
        for (int j = 0; j < k; j++) {
            if (router.share() == Router.Share.SOFTMAX) {
                row.shares[j] = Math.exp(row.shares[j] - largest);
            }
            sum += row.shares[j];
        }
        return switch (router.share()) {
            case AS_IS, SPARSE_MIXER -> 1;
            case NORMALIZED -> sum + MIN_SUM;
            case SOFTMAX -> sum;
        };
    }

    /// Adds the gradients of the chosen scores to those of the logits.
    private void addGradients(int n, Row row, Tensor dlogits) {
        int k = row.gradients.length;
        double mean = 0;
        for (int j = 0; j < k; j++) {
            int e = chosen[n * k + j];
            double s = row.scores[e];
            double slope = switch (router.score()) {
                case LOGIT -> 1;
                case SOFTMAX -> s;
                case SIGMOID -> s * (1 - s);
                case ROOT_SOFTPLUS -> 1 / (2 * s * (1 + Math.exp(-logit(n, e))));
            };
            mean += row.gradients[j] * s;
            add(dlogits, n, e, row.gradients[j] * slope);
        }
        for (int e = 0; e < row.scores.length && router.score() == Router.Score.SOFTMAX; e++) {
            add(dlogits, n, e, -mean * row.scores[e]);
        }
    }

    /// The same for the sparse mixer, each of whose weights is a softmax of its own.
    private void addSparse(int n, Row row, Tensor dlogits) {
        int k = row.gradients.length;
        for (int j = 0; j < k; j++) {
            SparseMixer.shares(row.scores, chosen, n * k, j, router.jitter(), row.order);
            for (int e = 0; e < row.order.length; e++) {
                add(dlogits, n, e, row.gradients[j] * ((e == chosen[n * k + j] ? 1 : 0) - row.order[e]));
            }
        }
    }

    private static void add(Tensor dlogits, int n, int expert, double slope) {
        long at = (long) n * dlogits.cols() + expert;
        dlogits.set(at, dlogits.get(at) + (float) slope);
    }

    /// The weights of SparseMixer's choices outside of training (https://arxiv.org/abs/2409.12136): each expert is
    /// weighted by a softmax over the logits that are close to its own among the experts that were not chosen before
    /// it: `(s_c - s_e) / max(|s_e|, s_c) ≤ 2 · jitter`.
    static final class SparseMixer {
        private SparseMixer() { }

        /// Writes the softmax of a choice to `shares`; the others get 0.
        ///
        /// @param logits of a token, `[X]`
        /// @param chosen the experts of the token, from `first` on
        /// @param choice the index of the choice among them
        static void shares(double[] logits, int[] chosen, int first, int choice, double jitter, double[] shares) {
            double best = logits[chosen[first + choice]];
            for (int e = 0; e < logits.length; e++) {
                boolean far = (best - logits[e]) / Math.max(Math.abs(logits[e]), best) > 2 * jitter;
                shares[e] = far ? 0 : Math.exp(logits[e] - best);
            }
            for (int j = 0; j < choice; j++) {
                shares[chosen[first + j]] = 0;
            }
            double sum = 0;
            for (double share : shares) {
                sum += share;
            }
            for (int e = 0; e < shares.length; e++) {
                shares[e] /= sum;
            }
        }
    }
}

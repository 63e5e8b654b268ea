package glia.tensor.ops.logits;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// Log-probabilities of given tokens, fused with the language-model head. From hidden states `[N, D]` and k targets for
/// each row, usually one, it computes a matrix `[N, k + 2]` with the columns
///
/// - log-probability of each target, `ln p(t) = z[t] - ln Σ_v exp z[v]`,
/// - log-sum-exp, `ln Σ_v exp z[v]`,
/// - entropy `-Σ_v p(v) · ln p(v)` if requested, otherwise 0,
/// - mean logit `Σ_v z[v] / V`, only if requested.
///
/// All have gradients. Logits are computed for some rows and one part of the vocabulary at a time, and recomputed
/// in the backward pass, so `[N, V]` is never in memory. Rows with a negative target are skipped; their columns are 0.
/// After "Cut your losses", https://arxiv.org/abs/2411.09009.
public final class TokenLogProbs implements Operation {
    /// The columns of the result for one target.
    public enum Column { LOG_PROB, LOG_SUM_EXP, ENTROPY, MEAN_LOGIT }

    /// Rows whose logits are computed together: a tile is `ROWS · LogitHead.PART` values, 16 MiB.
    private static final int ROWS = 1024;

    private final Tensor hidden;
    private final LogitHead head;
    private final int[] targets;
    /// k.
    private final int numTargets;
    private final boolean wantsEntropy;
    private final boolean wantsMean;
    private final TopTokens top;
    /// The rows with a target; empty if all have one.
    private final int[] rows;
    private final int count;
    private Tensor picked;
    private Tensor logSumExp;
    private Tensor entropy;

    /// Creates the operation for log-probabilities only.
    ///
    /// @param targets a token for each row, negative for none; not copied, and may be longer
    public TokenLogProbs(Tensor hidden, LogitHead head, int[] targets) {
        this(hidden, head, targets, false, 0);
    }

    /// @param targets a token for each row, negative for none; not copied, and may be longer
    /// @param numTop the number of most probable tokens to find for each row
    public TokenLogProbs(Tensor hidden, LogitHead head, int[] targets, boolean wantsEntropy, int numTop) {
        this(hidden, head, targets, wantsEntropy, numTop, false);
    }

    /// @param targets a token for each row, negative for none; not copied, and may be longer
    /// @param numTop the number of most probable tokens to find for each row
    /// @param wantsMean whether there is a column of mean logits, as for label smoothing
    public TokenLogProbs(Tensor hidden, LogitHead head, int[] targets, boolean wantsEntropy, int numTop,
            boolean wantsMean) {
        this(hidden, head, targets, 1, wantsEntropy, numTop, wantsMean);
    }

    /// The log-probabilities of k tokens at each row, such as a teacher's most probable tokens under a student.
    ///
    /// @param tokens k tokens for each row, row after row
    /// @throws IllegalArgumentException if their number does not fit or a token is outside the vocabulary
    public static TokenLogProbs ofSeveral(Tensor hidden, LogitHead head, int[] tokens) {
        Compute.require(hidden.rows() > 0 && tokens.length % hidden.rows() == 0, "log-probabilities", hidden,
                tokens.length);
        return new TokenLogProbs(hidden, head, tokens, tokens.length / hidden.rows(), false, 0, false);
    }

    private TokenLogProbs(Tensor hidden, LogitHead head, int[] targets, int numTargets, boolean wantsEntropy,
            int numTop, boolean wantsMean) {
        Compute.require(hidden.cols() == head.weight().cols(), "log-probabilities", hidden, head.weight());
        Compute.require(targets.length >= hidden.rows() * numTargets, "log-probabilities", hidden, targets.length);
        for (int i = 0; i < hidden.rows() * numTargets; i++) {
            if (targets[i] >= head.vocabSize() || targets[i] < 0 && numTargets > 1) {
                throw new IllegalArgumentException("target " + targets[i] + " of row " + i / numTargets
                        + " is outside the vocabulary of " + head.vocabSize());
            }
        }
        this.hidden = hidden;
        this.head = head;
        this.targets = targets;
        this.numTargets = numTargets;
        this.wantsEntropy = wantsEntropy;
        this.wantsMean = wantsMean;
        int numRows = 0;
        for (int n = 0; n < hidden.rows(); n++) {
            numRows += targets[n * numTargets] >= 0 ? 1 : 0;
        }
        count = numRows;
        rows = new int[count == hidden.rows() ? 0 : count];
        for (int n = 0, i = 0; i < rows.length; n++) {
            if (targets[n * numTargets] >= 0) {
                rows[i++] = n;
            }
        }
        top = new TopTokens(count, Math.min(numTop, head.vocabSize()));
    }

    private int row(int i) {
        return rows.length == 0 ? i : rows[i];
    }

    /// The most probable tokens of each row with a target, in the order of the rows; set by `forward`.
    public TopTokens top() {
        return top;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(hidden);
        inputs.weights(head.weight());
        head.bias().ifPresent(inputs::weights);
    }

    // ---- forward -------------------------------------------------------------------------------------------------

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(hidden.rows(), numTargets + (wantsMean ? 3 : 2));
        logSumExp = ops.allocate(1, count);
        entropy = ops.allocate(1, count);
        picked = hidden;
        if (count < hidden.rows()) {
            picked = ops.allocate(count, hidden.cols());
            ops.kernels().gather(picked, hidden, rows, count);
        }
        int start = ops.mark();
        Running running = new Running(ops, count, numTargets, wantsEntropy, wantsMean);
        int mark = ops.mark();
        for (int from = 0; from < count; from += ROWS) {
            int to = Math.min(count, from + ROWS);
            for (int part = 0; part < head.numParts(); part++) {
                Tensor z = ops.allocate(to - from, head.size(part));
                head.logits(ops, z, picked.rows(from, to), part);
                Tensor sums = ops.allocate(1, to - from);
                Tensor entropies = wantsEntropy ? ops.allocate(1, to - from) : null;
                ops.kernels().gradients().softmaxSums(sums, entropies, z);
                running.add(from, sums, entropies);
                take(z, from, part, running);
                addLogits(ops.kernels().workers(), z, from, running);
                top.add(ops.kernels().workers(), z, from, head.first(part));
                ops.release(mark);
            }
        }
        y.zero();
        for (int i = 0; i < count; i++) {
            long at = (long) row(i) * y.cols();
            for (int k = 0; k < numTargets; k++) {
                y.set(at + k, (float) (running.target.get(i * numTargets + k) - running.logSumExp.get(i)));
            }
            at += numTargets;
            y.set(at, (float) running.logSumExp.get(i));
            y.set(at + 1, wantsEntropy ? (float) running.entropy(i) : 0);
            if (wantsMean) {
                y.set(at + 2, (float) (running.logits.get(i) / head.vocabSize()));
            }
            logSumExp.set(i, (float) running.logSumExp.get(i));
            entropy.set(i, y.get(at + 1));
        }
        top.finish(running.logSumExp);
        ops.release(start);
        return y;
    }

    /// Stores the logits of the targets in a part.
    private void take(Tensor z, int from, int part, Running running) {
        for (int i = 0; i < z.rows() * numTargets; i++) {
            int target = target(from, i, part);
            if (target >= 0 && target < z.cols()) {
                running.target.set(from * numTargets + i, z.get((long) (i / numTargets) * z.cols() + target));
            }
        }
    }

    /// The column of a target within a part, for target `i` of the rows from `from` on.
    private int target(int from, int i, int part) {
        return targets[row(from + i / numTargets) * numTargets + i % numTargets] - head.first(part);
    }

    /// Adds up the logits of a part.
    private void addLogits(Workers workers, Tensor z, int from, Running running) {
        if (!wantsMean) {
            return;
        }
        int cols = z.cols();
        Ranges.run(workers, z.rows(), cols, (first, end) -> {
            for (int n = first; n < end; n++) {
                double sum = 0;
                for (long at = z.address() + 4L * n * cols; at < z.address() + 4L * (n + 1) * cols; at += 4) {
                    sum += Memory.f32(at);
                }
                running.logits.set(from + n, running.logits.get(from + n) + sum);
            }
        });
    }

    /// Running sums over the parts of the vocabulary processed so far.
    private static final class Running {
        final Doubles logSumExp;
        final Doubles target;
        /// `Σ p · z` over these parts, with p the softmax over them.
        private final Doubles mean;

        final Doubles logits;

        Running(Compute ops, int count, int numTargets, boolean withMean, boolean withLogits) {
            logSumExp = new Doubles(ops, count, Double.NEGATIVE_INFINITY);
            target = new Doubles(ops, count * numTargets, 0);
            mean = new Doubles(ops, withMean ? count : 0, 0);
            logits = new Doubles(ops, withLogits ? count : 0, 0);
        }

        void add(int from, Tensor sums, Tensor entropies) {
            for (int n = 0; n < sums.size(); n++) {
                double before = logSumExp.get(from + n);
                double part = sums.get(n);
                double most = Math.max(before, part);
                double both = Double.isInfinite(most) ? most
                        : most + Math.log(Math.exp(before - most) + Math.exp(part - most));
                logSumExp.set(from + n, both);
                if (entropies != null && part != Double.NEGATIVE_INFINITY) {
                    double old = before == Double.NEGATIVE_INFINITY ? 0 : Math.exp(before - both) * mean.get(from + n);
                    mean.set(from + n, old + Math.exp(part - both) * (part - entropies.get(n)));
                }
            }
        }

        double entropy(int n) {
            return logSumExp.get(n) - mean.get(n);
        }
    }

    // ---- backward ------------------------------------------------------------------------------------------------

    /// With the gradients g of the log-probabilities, s of the log-sum-exp, h of the entropy H and m of the mean:
    /// `dz[v] = Σ_k g[k] · [v = t[k]] + p(v) · (s - Σ_k g[k] - h · (H + ln p(v))) + m / V`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor a = tape.scratch(1, count);
        Tensor b = tape.scratch(1, count);
        for (int i = 0; i < count; i++) {
            long at = (long) row(i) * dy.cols();
            double ofTargets = 0;
            for (int k = 0; k < numTargets; k++) {
                ofTargets += dy.get(at + k);
            }
            at += numTargets;
            float h = wantsEntropy ? dy.get(at + 1) : 0;
            a.set(i, dy.get(at) - (float) ofTargets - h * entropy.get(i));
            b.set(i, -h);
        }
        Tensor dpicked = null;
        if (tape.needs(hidden)) {
            dpicked = tape.gradient(hidden);
            if (picked != hidden) {
                dpicked = tape.scratch(count, hidden.cols());
                dpicked.zero();
            }
        }
        int tileRows = Math.min(ROWS, count);
        Tensor tile = tape.scratch(tileRows, head.size(0));
        Tensor second = head.rule().isCapped() ? tape.scratch(tileRows, head.size(0)) : tile;
        for (int from = 0; from < count; from += ROWS) {
            int to = Math.min(count, from + ROWS);
            for (int part = 0; part < head.numParts(); part++) {
                Tensor z = TileViews.matrix(tile, to - from, head.size(part));
                Tensor dz = TileViews.matrix(second, to - from, head.size(part));
                head.logits(tape, z, picked.rows(from, to), part);
                tape.kernels().gradients().softmaxBackward(dz, z, TileViews.vector(logSumExp, from, to),
                        TileViews.vector(a, from, to), TileViews.vector(b, from, to), false);
                addTargets(dz, from, part, dy);
                addMeans(tape.kernels().workers(), dz, from, dy);
                head.rule().backward(tape.kernels(), dz, z);
                head.backward(tape, dz, picked.rows(from, to), dpicked == null ? null : dpicked.rows(from, to), part);
            }
        }
        if (dpicked != null && picked != hidden) {
            tape.kernels().gradients().scatterAdd(tape.gradient(hidden), dpicked, rows, count, -1);
        }
    }

    private void addTargets(Tensor dz, int from, int part, Tensor dy) {
        for (int i = 0; i < dz.rows() * numTargets; i++) {
            int target = target(from, i, part);
            if (target >= 0 && target < dz.cols()) {
                long at = dz.address() + 4 * ((long) (i / numTargets) * dz.cols() + target);
                long of = (long) row(from + i / numTargets) * dy.cols() + i % numTargets;
                Memory.f32(at, Memory.f32(at) + dy.get(of));
            }
        }
    }

    private void addMeans(Workers workers, Tensor dz, int from, Tensor dy) {
        if (!wantsMean) {
            return;
        }
        int cols = dz.cols();
        Ranges.run(workers, dz.rows(), cols, (first, end) -> {
            for (int n = first; n < end; n++) {
                float m = dy.get((long) row(from + n) * dy.cols() + numTargets + 2) / head.vocabSize();
                for (long at = dz.address() + 4L * n * cols; at < dz.address() + 4L * (n + 1) * cols; at += 4) {
                    Memory.f32(at, Memory.f32(at) + m);
                }
            }
        });
    }
}

package glia.reason.preference;

import glia.tensor.autograd.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Direct preference optimization and its variants (https://arxiv.org/abs/2305.18290): a weighted sum of [PairLoss]es
/// of the log-ratios between the policy and a reference model, each a mean over the pairs. The reward of a completion
/// is `β · ln(π(y|x) / π_ref(y|x))`.
///
/// @param losses the losses with their weights
/// @param beta β, how strongly the policy is held to the reference model
/// @param divergence which divergence holds it
/// @param tailWeight the weight of tokens beyond the length of the shorter completion of a pair, 0 to 1: below 1 the
///     loss depends less on lengths (LD-DPO, https://arxiv.org/abs/2409.06411)
/// @param weighted whether pairs are weighted by how probable the policy finds them (WPO,
///     https://arxiv.org/abs/2406.11827): `w(y_w) · w(y_l)` with `w(y) = exp(mean over tokens of
///     ln p(y_t) - ln Σ_v p(v)²)`, without gradient
public record DpoLoss(List<Weighted> losses, double beta, FDivergence divergence, double tailWeight,
        boolean weighted) implements PreferenceLoss {
    /// A loss with its weight.
    public record Weighted(PairLoss loss, double weight) { }

    public DpoLoss {
        losses = List.copyOf(losses);
        requirePositive("β", beta);
        if (losses.isEmpty()) {
            throw new IllegalArgumentException("no loss, expected one or more of " + PairLoss.NAMES);
        }
        if (!(tailWeight >= 0 && tailWeight <= 1)) {
            throw new IllegalArgumentException("a weight of " + tailWeight + " of tokens beyond the shorter completion,"
                    + " expected 0 to 1");
        }
        if (weighted && losses.stream().anyMatch(w -> w.loss instanceof PairLoss.Sorted)) {
            throw new IllegalArgumentException("weights of pairs with aot or aot_unpaired, which sort the pairs; leave "
                    + "the weights or choose another loss");
        }
        if (!(divergence instanceof FDivergence.ReverseKl)
                && !losses.stream().allMatch(w -> w.loss.takesDivergences())) {
            throw new IllegalArgumentException("the divergence " + divergence + " with a loss of single rewards or "
                    + "sorted ratios; use reverse_kl with " + losses.stream().map(Weighted::loss)
                    .filter(l -> !l.takesDivergences()).toList());
        }
    }

    static void requireNotNegative(String what, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(what + " of " + value + ", expected 0 or a number above");
        }
    }

    static void requirePositive(String what, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(what + " of " + value + ", expected a number above 0");
        }
    }

    /// Losses by their names in recipes.
    ///
    /// @param weights one for each name; none for 1 each
    /// @throws IllegalArgumentException if a name is unknown or there is not one weight for each
    public static List<Weighted> named(List<String> names, double[] weights, double beta, double smoothing,
            double temperature) {
        if (weights.length != 0 && weights.length != names.size()) {
            throw new IllegalArgumentException(weights.length + " weights of losses, expected one for each of "
                    + names);
        }
        List<Weighted> losses = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            losses.add(new Weighted(PairLoss.named(names.get(i), beta, smoothing, temperature),
                    weights.length == 0 ? 1 : weights[i]));
        }
        return losses;
    }

    @Override
    public boolean takesReference() {
        return true;
    }

    /// The loss of a batch.
    ///
    /// @param reference the log-probabilities of the completions under the reference model, by [#sums]
    @Override
    public Scored of(CompletionLogProbs policy, float[] reference) {
        PairRatios pairs = pairs(policy, reference);
        Value loss = null;
        for (Weighted each : losses) {
            Value part = perPair(each.loss, pairs, policy).mean().times(each.weight);
            loss = loss == null ? part : loss.plus(part);
        }
        return new Scored(loss, Scored.values(pairs.chosenRatios(), beta), Scored.values(pairs.rejectedRatios(), beta),
                Map.of());
    }

    /// The log-probability of each completion, `[2N, 1]`, with the tokens beyond the shorter one of a pair weighted.
    public Value sums(CompletionLogProbs logProbs) {
        return tailWeight == 1 ? logProbs.sums() : logProbs.sums(tokenWeights(logProbs));
    }

    private float[] tokenWeights(CompletionLogProbs logProbs) {
        int[] lengths = logProbs.lengths();
        int half = lengths.length / 2;
        int[] seen = new int[lengths.length];
        float[] weights = logProbs.completion().clone();
        for (int row = 0; row < weights.length; row++) {
            int s = logProbs.sequences()[row];
            int shared = Math.min(lengths[s], lengths[s < half ? s + half : s - half]);
            if (weights[row] != 0 && ++seen[s] > shared) {
                weights[row] = (float) tailWeight;
            }
        }
        return weights;
    }

    public PairRatios pairs(CompletionLogProbs policy, float[] reference) {
        int[] chosen = policy.firstHalf();
        int[] rejected = policy.secondHalf();
        if (reference.length != policy.numSequences()) {
            throw new IllegalArgumentException(reference.length + " log-probabilities of the reference model for "
                    + policy.numSequences() + " completions");
        }
        Value sums = sums(policy);
        int[] lengths = policy.lengths();
        float[] perToken = new float[lengths.length];
        for (int i = 0; i < perToken.length; i++) {
            perToken[i] = 1f / Math.max(1, lengths[i]);
        }
        int n = chosen.length;
        return new PairRatios(sums.rows(chosen), sums.rows(rejected),
                sums.constant(Arrays.copyOf(reference, n)), sums.constant(Arrays.copyOfRange(reference, n, 2 * n)),
                sums.constant(Arrays.copyOf(perToken, n)), sums.constant(Arrays.copyOfRange(perToken, n, 2 * n)),
                policy.crossEntropy(n, false), beta, divergence);
    }

    /// The loss of each pair, weighted if it is.
    public Value perPair(PairLoss loss, PairRatios pairs, CompletionLogProbs policy) {
        Value each = loss.of(pairs);
        return weighted ? each.times(pairWeights(policy)) : each;
    }

    private static Value pairWeights(CompletionLogProbs policy) {
        Value squares = policy.logSumSquares().orElseThrow(() -> new IllegalArgumentException(
                "weights of pairs need the sums of squared probabilities"));
        CompletionLogProbs aligned = new CompletionLogProbs(policy.tokens().minus(squares).detached(),
                policy.sequences(), policy.completion(), policy.numSequences(), Optional.empty());
        Value weights = aligned.means().exp();
        return weights.rows(policy.firstHalf()).times(weights.rows(policy.secondHalf())).detached();
    }
}

package glia.reason.policy.advantage;

import glia.train.loss.KlEstimator;
import java.util.Arrays;

/// Rewards, advantages and returns of PPO as TRL computes them. The score of a completion is the reward of the place
/// after its last token, where there is one, so that the value model predicts one place more than there are tokens;
/// every token pays `coefficient·kl`.
///
/// @param estimator of the KL between the policy at generation and the reference model
/// @param coefficient of the penalty, 0.05 in TRL
/// @param whitensRewards whether rewards are normalized by their variance, without shifting their mean
/// @param gae discount and λ
public record PpoAdvantages(KlEstimator estimator, double coefficient, boolean whitensRewards,
        AdvantageEstimator.GeneralizedAdvantage gae) {
    /// What was computed; places without meaning are 0.
    ///
    /// @param kl of each token
    /// @param rewards of each place
    /// @param advantages of each token, whitened
    /// @param returns of each place, which the value model learns
    /// @param valueMask whether each place has a value: those of tokens, and the next
    public record Result(double[][] kl, double[][] rewards, double[][] advantages, double[][] returns,
            boolean[][] valueMask) { }

    /// Computes the advantages of a batch.
    ///
    /// @param scores of completions
    /// @param lengths number of tokens of each completion
    /// @param old log-probabilities at generation, `[completions][width]`
    /// @param reference log-probabilities under the reference model
    /// @param values at generation
    /// @throws IllegalArgumentException if a completion has no token or more than the width
    public Result of(double[] scores, int[] lengths, double[][] old, double[][] reference, double[][] values) {
        int count = lengths.length;
        double[][] kl = new double[count][];
        double[][] rewards = new double[count][];
        double[][] kept = new double[count][];
        boolean[][] tokens = new boolean[count][];
        boolean[][] places = new boolean[count][];
        boolean[][] all = new boolean[count][];
        for (int i = 0; i < count; i++) {
            int width = old[i].length;
            if (lengths[i] < 1 || lengths[i] > width) {
                throw new IllegalArgumentException("lengths[" + i + "]: found " + lengths[i] + ", expected 1 to "
                        + width);
            }
            kl[i] = new double[width];
            rewards[i] = new double[width];
            tokens[i] = new boolean[width];
            places[i] = new boolean[width];
            all[i] = new boolean[width];
            Arrays.fill(all[i], true);
            Arrays.fill(tokens[i], 0, lengths[i], true);
            Arrays.fill(places[i], 0, Math.min(width, lengths[i] + 1), true);
            for (int t = 0; t < lengths[i]; t++) {
                kl[i][t] = estimator.of(old[i][t], reference[i][t]);
                rewards[i][t] = -coefficient * kl[i][t];
            }
            rewards[i][Math.min(width - 1, lengths[i])] += scores[i];
            kept[i] = values[i].clone();
        }
        kept = Whitening.masked(kept, places);
        if (whitensRewards) {
            rewards = Whitening.masked(Whitening.of(rewards, places).apply(rewards, false), places);
        }
        AdvantageInput input = AdvantageInput.ofTokenRewards(new int[count], all, rewards).withValues(kept);
        Advantages raw = gae.unnormalized(input);
        double[][] white = Whitening.of(raw.advantages(), tokens).apply(raw.advantages(), true);
        return new Result(kl, rewards, Whitening.masked(white, tokens), raw.returns(), places);
    }
}

package glia.reason.policy.advantage;

import static glia.reason.policy.advantage.RewardStatistics.Whitening.white;
import static glia.reason.policy.advantage.RewardStatistics.byGroup;
import static glia.reason.policy.advantage.RewardStatistics.groups;
import static glia.reason.policy.advantage.RewardStatistics.relative;
import static glia.reason.policy.advantage.RewardStatistics.standardized;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.stream.IntStream;

/// How much better a completion or token was than expected. R is the reward of a completion, g its group, G the reward
/// from a token to the end.
///
/// | estimator | advantage |
/// |---|---|
/// | [GroupRelative] | `(R - mean_g) / (std + ε)` |
/// | [LeaveOneOut] | `R - mean of the others in g` |
/// | [LengthWeighted] | `R - mean_g weighted by lengths` |
/// | [NonZeroScaled] | `(completions / non-zero R)·(R - mean_g)` |
/// | [BestOfGroup] | the best of g: `(R - second) / (std_g + ε)`, others 0 |
/// | [RewardDecoupled] | group-relative for each score, weighted sum, normalized over the batch |
/// | [RewardToGo] | `G`, whitened over tokens |
/// | [GroupBaseline] | `R - mean_g`, whitened over tokens |
/// | [GreedyBaseline] | `G - R of the greedy answer` |
/// | [OptimalTokenBaseline] | `G - variance-weighted mean of G over g at each token` |
/// | [GeneralizedAdvantage] | `Σ (γλ)ᵗ δ`, whitened over tokens |
public sealed interface AdvantageEstimator permits AdvantageEstimator.OutcomeEstimator,
        AdvantageEstimator.RewardDecoupled, AdvantageEstimator.RewardToGo, AdvantageEstimator.GroupBaseline,
        AdvantageEstimator.GreedyBaseline, OptimalTokenBaseline, AdvantageEstimator.GeneralizedAdvantage {
    /// Adds the columns [Column#ADVANTAGE], [Column#SEQUENCE_ADVANTAGE] and [Column#RETURN] to rewards.
    ///
    /// @throws IllegalArgumentException if a column that the estimator needs is absent
    RolloutColumns of(RolloutColumns in);

    /// An estimator of one advantage for each completion from its reward. A completion whose reward is NaN does not
    /// apply: its advantage is 0 and the others do not see it.
    sealed interface OutcomeEstimator extends AdvantageEstimator permits GroupRelative, LeaveOneOut,
            LengthWeighted, NonZeroScaled, BestOfGroup {
        /// The advantage of each completion.
        ///
        /// @param rewards of completions, NaN where none applies
        double[] of(double[] rewards, RolloutColumns in);

        @Override
        default RolloutColumns of(RolloutColumns in) {
            return in.withSequenceAdvantages(of(in.outcomes(), in));
        }
    }

    /// The advantage of a completion that is the only one of its group with a reward.
    enum Lone {
        /// 0: it carries no signal (TRL).
        ZERO,
        /// Its reward, as if the mean of the group were 0 and its standard deviation 1 (verl).
        REWARD
    }

    /// Rewards relative to those of the same prompt (GRPO, https://arxiv.org/abs/2402.03300).
    ///
    /// > A = (R - mean_g) / (std + ε)
    ///
    /// A group of equal rewards has advantages of exactly 0. Without a standard deviation it is Dr. GRPO's
    /// (https://arxiv.org/abs/2503.20783).
    ///
    /// @param scale whose standard deviation divides; the mean is always the group's
    /// @param epsilon ε, 1e-4 in TRL, 1e-6 in verl
    /// @param lone what a group of one gets
    record GroupRelative(Scale scale, double epsilon, Lone lone) implements OutcomeEstimator {
        /// Whose standard deviation divides.
        public enum Scale {
            /// The group's.
            GROUP,
            /// That of all rewards of the batch (https://arxiv.org/abs/2508.08221).
            BATCH,
            /// None.
            NONE
        }

        /// As TRL computes it.
        public static GroupRelative of(Scale scale) {
            return new GroupRelative(scale, 1e-4, Lone.ZERO);
        }

        @Override
        public double[] of(double[] rewards, RolloutColumns in) {
            double ofBatch = RewardStatistics.of(rewards).std();
            return byGroup(in, rewards, own -> {
                boolean single = own.length == 1;
                double mean = single && lone == Lone.REWARD ? 0 : RewardStatistics.of(own).mean();
                double std = switch (scale) {
                    case GROUP -> single ? 1 : RewardStatistics.of(own).std();
                    case BATCH -> ofBatch;
                    case NONE -> 1 - epsilon;
                };
                return Arrays.stream(own).map(r -> r - mean)
                        .map(d -> d == 0 || Double.isNaN(std) ? 0 : d / (std + epsilon)).toArray();
            });
        }
    }

    /// Rewards relative to the mean of the other completions of the prompt (RLOO, https://arxiv.org/abs/2402.14740).
    ///
    /// @param lone what a group of one gets
    /// @param normalizes whether advantages are normalized over the batch: `(A - mean) / (std + 1e-4)`
    record LeaveOneOut(Lone lone, boolean normalizes) implements OutcomeEstimator {
        private static final double EPSILON = 1e-4;

        @Override
        public double[] of(double[] rewards, RolloutColumns in) {
            double[] advantages = byGroup(in, rewards, own -> {
                int n = own.length;
                double mean = RewardStatistics.of(own).mean();
                return n == 1 ? new double[] {lone == Lone.REWARD ? own[0] : normalizes ? Double.NaN : 0}
                        : Arrays.stream(own).map(r -> (r - mean) * n / (n - 1)).toArray();
            });
            if (!normalizes) {
                return advantages;
            }
            Arrays.setAll(advantages, i -> Double.isNaN(rewards[i]) ? Double.NaN : advantages[i]);
            return standardized(advantages, EPSILON);
        }
    }

    /// Rewards relative to the group's mean weighted by the lengths of completions, which has the least variance (OPO,
    /// https://arxiv.org/abs/2505.23585). A lone completion keeps its reward.
    record LengthWeighted() implements OutcomeEstimator {
        @Override
        public double[] of(double[] rewards, RolloutColumns in) {
            int[] lengths = in.lengths();
            double[] advantages = new double[rewards.length];
            for (int[] members : groups(in, rewards)) {
                double first = rewards[members[0]];
                double sum = Arrays.stream(members).mapToDouble(i -> lengths[i] * (rewards[i] - first)).sum();
                double total = Arrays.stream(members).mapToDouble(i -> lengths[i]).sum();
                double baseline = members.length == 1 ? 0 : first + (total == 0 ? 0 : sum / total);
                Arrays.stream(members).forEach(i -> advantages[i] = rewards[i] - baseline);
            }
            return advantages;
        }
    }

    /// Rewards relative to the group's mean, scaled up where many rewards of the batch are 0 (GPG,
    /// https://arxiv.org/abs/2504.02546): `completions / non-zero rewards · (R - mean_g)`. A lone completion keeps its
    /// reward.
    record NonZeroScaled() implements OutcomeEstimator {
        @Override
        public double[] of(double[] rewards, RolloutColumns in) {
            double count = Arrays.stream(rewards).filter(r -> !Double.isNaN(r)).count();
            double scale = count / Math.max(1, Arrays.stream(rewards).filter(r -> !Double.isNaN(r) && r != 0).count());
            return Arrays.stream(relative(in, rewards)).map(d -> scale * d).toArray();
        }
    }

    /// Pass@k training (https://arxiv.org/abs/2503.19595): only the best completion of a group learns, by its lead on
    /// the second best; 0 on a tie.
    ///
    /// @param normalizes whether the lead is divided by the group's standard deviation + 1e-6
    record BestOfGroup(boolean normalizes) implements OutcomeEstimator {
        private static final double EPSILON = 1e-6;

        /// @throws IllegalArgumentException if a group has fewer than two rewards
        @Override
        public double[] of(double[] rewards, RolloutColumns in) {
            for (int[] members : groups(in, rewards)) {
                if (members.length < 2) {
                    throw new IllegalArgumentException("group " + (int) in.get(Column.GROUP)[members[0]]
                            + ": found one completion with a reward, expected at least two");
                }
            }
            return byGroup(in, rewards, own -> {
                double[] sorted = Arrays.stream(own).sorted().toArray();
                double best = sorted[own.length - 1];
                double lead = best - sorted[own.length - 2];
                double scale = normalizes ? RewardStatistics.of(own).std() + EPSILON : 1;
                return Arrays.stream(own).map(r -> r == best ? lead / scale : 0).toArray();
            });
        }
    }

    /// GDPO (https://arxiv.org/abs/2601.05242): each score is normalized within its group before the weighted sum, so
    /// that no score drowns the others; the sum is normalized over the batch.
    ///
    /// > A = whiten(Σ_k weight_k·(r_k - mean_g) / (std_g + ε))
    ///
    /// @param epsilon ε of the groups' standard deviations: 1e-4 in TRL, 1e-6 in verl
    /// @param lone what a group of one gets in a score
    /// @param overTokens whether the sum is normalized over tokens (verl), else over completions (TRL)
    record RewardDecoupled(double epsilon, Lone lone, boolean overTokens) implements AdvantageEstimator {
        private static final double BATCH_EPSILON = 1e-4;

        /// As TRL computes it.
        public static RewardDecoupled overCompletions() {
            return new RewardDecoupled(1e-4, Lone.ZERO, false);
        }

        @Override
        public RolloutColumns of(RolloutColumns in) {
            double[] sums = sums(in);
            if (!overTokens) {
                return in.withSequenceAdvantages(standardized(sums, BATCH_EPSILON));
            }
            double[] rows = white(in.spread(Arrays.stream(sums).map(x -> Double.isNaN(x) ? 0 : x).toArray()));
            return in.withAdvantages(rows).with(Column.RETURN, rows);
        }

        /// The weighted sums of normalized scores, NaN where none applies.
        public double[] sums(RolloutColumns in) {
            in.required(Column.SCORES, "GDPO");
            GroupRelative rule = new GroupRelative(GroupRelative.Scale.GROUP, epsilon, lone);
            double[][] normalized = IntStream.range(0, in.numScores()).mapToObj(k -> {
                double[] scores = in.score(k);
                double[] relative = rule.of(scores, in);
                Arrays.setAll(relative, s -> Double.isNaN(scores[s]) ? Double.NaN : relative[s]);
                return relative;
            }).toArray(double[][]::new);
            return IntStream.range(0, in.numSequences()).mapToDouble(s -> in.weighted(
                    Arrays.stream(normalized).mapToDouble(ofScore -> ofScore[s]).toArray())).toArray();
        }
    }

    /// REINFORCE++ with baseline (https://arxiv.org/abs/2501.03262): rewards relative to the group's mean, whitened
    /// over the tokens of the batch, where long completions weigh more. A lone completion keeps its reward.
    record GroupBaseline() implements AdvantageEstimator {
        @Override
        public RolloutColumns of(RolloutColumns in) {
            double[] rows = white(in.spread(relative(in, in.outcomes())));
            return in.withAdvantages(rows).with(Column.RETURN, rows);
        }
    }

    /// REINFORCE++ (https://arxiv.org/abs/2501.03262): the discounted rewards from each token to the end, whitened over
    /// the tokens of the batch; no groups are needed.
    ///
    /// > G[t] = r[t] + γ·G[t+1]
    ///
    /// @param gamma γ, 1 for no discount
    record RewardToGo(double gamma) implements AdvantageEstimator {
        @Override
        public RolloutColumns of(RolloutColumns in) {
            double[] returns = discounted(in, in.rewards(), gamma);
            return in.withAdvantages(white(returns)).with(Column.RETURN, returns);
        }
    }

    /// ReMax (https://arxiv.org/abs/2310.10505): the reward to go relative to the reward of the greedy answer.
    record GreedyBaseline() implements AdvantageEstimator {
        @Override
        public RolloutColumns of(RolloutColumns in) {
            double[] baselines = in.spread(in.required(Column.GREEDY_REWARD, "ReMax"));
            double[] returns = discounted(in, in.rewards(), 1);
            double[] advantages = returns.clone();
            Arrays.setAll(advantages, n -> returns[n] - baselines[n]);
            return in.withAdvantages(advantages).with(Column.RETURN, returns);
        }
    }

    /// Generalized advantage estimation (https://arxiv.org/abs/1506.02438), whitened over the tokens of the batch.
    ///
    /// > δ[t] = r[t] + γ·V[t+1] - V[t], A[t] = δ[t] + γλ·A[t+1]
    ///
    /// Returns are A + V before whitening.
    ///
    /// @param gamma γ, discount of rewards
    /// @param lambda λ, between bias (0) and variance (1)
    record GeneralizedAdvantage(double gamma, double lambda) implements AdvantageEstimator {
        @Override
        public RolloutColumns of(RolloutColumns in) {
            RolloutColumns raw = unnormalized(in);
            return raw.withAdvantages(white(raw.get(Column.ADVANTAGE)));
        }

        /// Advantages before whitening.
        ///
        /// @throws IllegalArgumentException if there are no values
        public RolloutColumns unnormalized(RolloutColumns in) {
            double[] values = in.required(Column.VALUE, "GAE");
            double[] rewards = in.rewards();
            double[] deltas = new double[values.length];
            Arrays.setAll(deltas, n -> rewards[n] + gamma * (in.isLast(n) ? 0 : values[n + 1]) - values[n]);
            double[] advantages = discounted(in, deltas, gamma * lambda);
            double[] returns = advantages.clone();
            Arrays.setAll(returns, n -> advantages[n] + values[n]);
            return in.withAdvantages(advantages).with(Column.RETURN, returns);
        }
    }

    /// `G[t] = x[t] + factor·G[t+1]` along each completion.
    static double[] discounted(RolloutColumns in, double[] x, double factor) {
        double[] sums = new double[x.length];
        for (int n = x.length - 1; n >= 0; n--) {
            sums[n] = x[n] + (in.isLast(n) ? 0 : factor * sums[n + 1]);
        }
        return sums;
    }
}

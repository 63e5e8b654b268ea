package glia.reason.policy.advantage;

import java.util.Arrays;

/// How much better a completion or token was than expected. R is the reward of a completion, g its group, G the reward
/// from a place to the end.
///
/// | estimator | advantage |
/// |---|---|
/// | [GroupRelative] | `(R - mean_g) / (std + ε)` |
/// | [LeaveOneOut] | `R - mean of the others in g` |
/// | [LengthWeighted] | `R - mean_g weighted by lengths` |
/// | [NonZeroScaled] | `(completions / non-zero R)·(R - mean_g)` |
/// | [BestOfGroup] | the best of g: `(R - second) / (std_g + ε)`, others 0 |
/// | [RewardDecoupled] | group-relative for each reward column, weighted sum, normalized over the batch |
/// | [RewardToGo] | `G`, whitened over tokens |
/// | [GroupBaseline] | `R - mean_g`, whitened over tokens |
/// | [GreedyBaseline] | `G - R of the greedy answer` |
/// | [OptimalTokenBaseline] | `G - variance-weighted mean of G over g at each place` |
/// | [GeneralizedAdvantage] | `Σ (γλ)ᵗ δ`, whitened over tokens |
public sealed interface AdvantageEstimator permits AdvantageEstimator.OutcomeEstimator, RewardDecoupled,
        AdvantageEstimator.RewardToGo, AdvantageEstimator.GroupBaseline,
        GreedyBaseline, OptimalTokenBaseline, AdvantageEstimator.GeneralizedAdvantage {
    /// The advantages of a batch of completions.
    ///
    /// @throws IllegalArgumentException if the input lacks something that the estimator needs
    Advantages of(AdvantageInput input);

    /// An estimator of one advantage for each completion from its reward. A completion whose reward is NaN does not
    /// apply: its advantage is 0 and the others do not see it.
    sealed interface OutcomeEstimator extends AdvantageEstimator permits GroupRelative, LeaveOneOut,
            LengthWeighted, NonZeroScaled, BestOfGroup {
        /// The advantage of each completion.
        ///
        /// @param rewards of completions, NaN where none applies
        double[] of(double[] rewards, AdvantageInput input);

        @Override
        default Advantages of(AdvantageInput input) {
            return Advantages.ofSequences(of(input.outcomes(), input), input.mask());
        }
    }

    /// REINFORCE++ with baseline (https://arxiv.org/abs/2501.03262): rewards relative to the group's mean, whitened
    /// over the tokens of the batch, where long completions weigh more. A lone completion keeps its reward.
    record GroupBaseline() implements AdvantageEstimator {
        @Override
        public Advantages of(AdvantageInput input) {
            double[] rewards = input.outcomes();
            double[] differences = new double[rewards.length];
            for (int[] members : Groups.members(input.groups(), rewards)) {
                double mean = members.length == 1 ? 0 : Groups.mean(Groups.pick(rewards, members));
                for (int i : members) {
                    differences[i] = rewards[i] - mean;
                }
            }
            double[][] rows = Advantages.broadcast(differences, input.mask());
            double[][] white = Whitening.masked(Whitening.of(rows, input.mask()).apply(rows, true), input.mask());
            return new Advantages(white, white, new double[0]);
        }
    }

    /// Rewards relative to the group's mean, scaled up where many rewards of the batch are 0 (GPG,
    /// https://arxiv.org/abs/2504.02546): `completions / non-zero rewards · (R - mean_g)`. A lone completion keeps its
    /// reward.
    record NonZeroScaled() implements AdvantageEstimator.OutcomeEstimator {
        @Override
        public double[] of(double[] rewards, AdvantageInput input) {
            double[] advantages = new double[rewards.length];
            double[] numbers = Groups.numbers(rewards);
            double scale = (double) numbers.length / Math.max(1, Arrays.stream(numbers).filter(r -> r != 0).count());
            for (int[] members : Groups.members(input.groups(), rewards)) {
                double mean = members.length == 1 ? 0 : Groups.mean(Groups.pick(rewards, members));
                for (int i : members) {
                    advantages[i] = scale * (rewards[i] - mean);
                }
            }
            return advantages;
        }
    }

    /// REINFORCE++ (https://arxiv.org/abs/2501.03262): the discounted rewards from each token to the end, whitened over
    /// the tokens of the batch; no groups are needed.
    ///
    /// > G[t] = r[t] + γ·G[t+1], where observations are skipped with their rewards
    ///
    /// @param gamma γ, 1 for no discount
    record RewardToGo(double gamma) implements AdvantageEstimator {
        @Override
        public Advantages of(AdvantageInput input) {
            double[][] rewards = input.placeRewards();
            double[][] returns = new double[rewards.length][];
            for (int i = 0; i < returns.length; i++) {
                returns[i] = new double[rewards[i].length];
                double sum = 0;
                for (int t = returns[i].length - 1; t >= 0; t--) {
                    if (input.mask()[i][t]) {
                        sum = rewards[i][t] + gamma * sum;
                        returns[i][t] = sum;
                    }
                }
            }
            double[][] white = Whitening.of(returns, input.mask()).apply(returns, true);
            return new Advantages(Whitening.masked(white, input.mask()), returns, new double[0]);
        }
    }

    /// Rewards relative to the group's mean weighted by the lengths of completions, which has the least variance (OPO,
    /// https://arxiv.org/abs/2505.23585). A lone completion keeps its reward.
    record LengthWeighted() implements AdvantageEstimator.OutcomeEstimator {
        @Override
        public double[] of(double[] rewards, AdvantageInput input) {
            double[] advantages = new double[rewards.length];
            for (int[] members : Groups.members(input.groups(), rewards)) {
                double first = rewards[members[0]];
                double sum = 0;
                double lengths = 0;
                for (int i : members) {
                    int length = 0;
                    for (boolean counts : input.mask()[i]) {
                        length += counts ? 1 : 0;
                    }
                    sum += length * (rewards[i] - first);
                    lengths += length;
                }
                double baseline = members.length == 1 ? 0 : first + (lengths == 0 ? 0 : sum / lengths);
                for (int i : members) {
                    advantages[i] = rewards[i] - baseline;
                }
            }
            return advantages;
        }
    }

    /// Rewards relative to the mean of the other completions of the prompt (RLOO, https://arxiv.org/abs/2402.14740).
    ///
    /// @param lone what a group of one gets
    /// @param normalizes whether advantages are normalized over the batch: `(A - mean) / (std + 1e-4)`
    record LeaveOneOut(Lone lone, boolean normalizes) implements AdvantageEstimator.OutcomeEstimator {
        private static final double EPSILON = 1e-4;

        @Override
        public double[] of(double[] rewards, AdvantageInput input) {
            double[] advantages = new double[rewards.length];
            Arrays.fill(advantages, Double.NaN);
            for (int[] members : Groups.members(input.groups(), rewards)) {
                int n = members.length;
                double mean = Groups.mean(Groups.pick(rewards, members));
                for (int i : members) {
                    advantages[i] = n > 1 ? (rewards[i] - mean) * n / (n - 1) : lone == Lone.REWARD ? rewards[i]
                            : Double.NaN;
                }
            }
            double[] numbers = Groups.numbers(advantages);
            double mean = normalizes ? Groups.mean(numbers) : 0;
            double divisor = normalizes ? Groups.std(numbers) + EPSILON : 1;
            for (int i = 0; i < advantages.length; i++) {
                double difference = advantages[i] - mean;
                advantages[i] = Double.isNaN(difference) || difference == 0 || Double.isNaN(divisor) ? 0
                        : difference / divisor;
            }
            return advantages;
        }
    }

    /// Pass@k training (https://arxiv.org/abs/2503.19595): only the best completion of a group learns, by its lead on
    /// the second best; 0 on a tie.
    ///
    /// @param normalizes whether the lead is divided by the group's standard deviation + 1e-6
    record BestOfGroup(boolean normalizes) implements AdvantageEstimator.OutcomeEstimator {
        private static final double EPSILON = 1e-6;

        /// @throws IllegalArgumentException if a group has fewer than two rewards
        @Override
        public double[] of(double[] rewards, AdvantageInput input) {
            double[] advantages = new double[rewards.length];
            for (int[] members : Groups.members(input.groups(), rewards)) {
                if (members.length < 2) {
                    throw new IllegalArgumentException("group " + input.groups()[members[0]]
                            + ": found one completion with a reward, expected at least two");
                }
                int best = members[0];
                double second = Double.NEGATIVE_INFINITY;
                for (int i : members) {
                    if (i != best && rewards[i] > rewards[best]) {
                        second = rewards[best];
                        best = i;
                    } else if (i != best) {
                        second = Math.max(second, rewards[i]);
                    }
                }
                double lead = rewards[best] - second;
                advantages[best] = normalizes ? lead / (Groups.std(Groups.pick(rewards, members)) + EPSILON) : lead;
            }
            return advantages;
        }
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
    record GroupRelative(Scale scale, double epsilon, Lone lone) implements AdvantageEstimator.OutcomeEstimator {
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
        public double[] of(double[] rewards, AdvantageInput input) {
            double[] advantages = new double[rewards.length];
            double ofBatch = scale == Scale.BATCH ? Groups.std(Groups.numbers(rewards)) : 0;
            for (int[] members : Groups.members(input.groups(), rewards)) {
                double[] own = Groups.pick(rewards, members);
                boolean single = members.length == 1;
                double mean = single && lone == Lone.REWARD ? 0 : Groups.mean(own);
                double std = switch (scale) {
                    case GROUP -> single ? 1 : Groups.std(own);
                    case BATCH -> ofBatch;
                    case NONE -> 1 - epsilon;
                };
                for (int i : members) {
                    double difference = rewards[i] - mean;
                    advantages[i] = difference == 0 || Double.isNaN(std) ? 0 : difference / (std + epsilon);
                }
            }
            return advantages;
        }
    }

    /// Generalized advantage estimation (https://arxiv.org/abs/1506.02438), whitened over the tokens of the batch.
    ///
    /// > δ[t] = r[t] + γ·V[t+1] - V[t], A[t] = δ[t] + γλ·A[t+1]
    ///
    /// Observations (mask 0) are skipped: V and A are carried over them. Returns are A + V before whitening.
    ///
    /// @param gamma γ, discount of rewards
    /// @param lambda λ, between bias (0) and variance (1)
    record GeneralizedAdvantage(double gamma, double lambda) implements AdvantageEstimator {
        private static final double[] NONE = {};

        /// @throws IllegalArgumentException if there are no values
        @Override
        public Advantages of(AdvantageInput input) {
            Advantages raw = unnormalized(input);
            double[][] white = Whitening.of(raw.advantages(), input.mask()).apply(raw.advantages(), true);
            return new Advantages(white, raw.returns(), NONE);
        }

        /// Advantages before whitening.
        ///
        /// @throws IllegalArgumentException if there are no values
        public Advantages unnormalized(AdvantageInput input) {
            if (input.values().length != input.size()) {
                throw new IllegalArgumentException("GAE needs the values of a value model for each completion, found "
                        + input.values().length + ", expected " + input.size());
            }
            double[][] rewards = input.placeRewards();
            double[][] advantages = new double[rewards.length][];
            double[][] returns = new double[rewards.length][];
            for (int i = 0; i < rewards.length; i++) {
                double[] values = input.values()[i];
                advantages[i] = new double[rewards[i].length];
                returns[i] = new double[rewards[i].length];
                double nextValue = 0;
                double next = 0;
                for (int t = rewards[i].length - 1; t >= 0; t--) {
                    if (input.mask()[i][t]) {
                        next = rewards[i][t] + gamma * nextValue - values[t] + gamma * lambda * next;
                        nextValue = values[t];
                    }
                    advantages[i][t] = next;
                    returns[i][t] = next + values[t];
                }
            }
            return new Advantages(advantages, returns, NONE);
        }
    }

    /// The advantage of a completion that is the only one of its group with a reward.
    enum Lone {
        /// 0: it carries no signal (TRL).
        ZERO,
        /// Its reward, as if the mean of the group were 0 and its standard deviation 1 (verl).
        REWARD
    }
}

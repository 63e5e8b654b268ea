package glia.reason.run;

/// How rollouts of a run are made and how many updates they serve.
///
/// @param seed of everything
/// @param prompts P, prompts of a batch of rollouts
/// @param group G, completions of each prompt
/// @param temperature of sampling; log-probabilities of the loss are taken at it, too
/// @param iterations passes over a batch of rollouts
/// @param minibatches updates of one pass, each on its share of the groups
/// @param resampling most rounds of further prompts while groups have equal rewards (dynamic sampling of DAPO,
///     https://arxiv.org/abs/2503.14476); 0 for none
/// @param lag batches in a row whose rollouts come from the weights before the batch ahead of them (one-step
///     asynchronous); 0 for rollouts of the current weights
/// @param masksTruncated whether completions that the limit cut have no loss
/// @param greedyBaseline whether each prompt has a greedy completion, whose reward is the baseline (ReMax,
///     https://arxiv.org/abs/2310.10505)
/// @param batchTokens most tokens of a micro-batch of the update
public record RolloutSettings(long seed, int prompts, int group, double temperature, int iterations, int minibatches,
        int resampling, int lag, boolean masksTruncated, boolean greedyBaseline, int batchTokens) {
    /// @throws IllegalArgumentException if a number is too small, or there are more mini-batches than groups
    public RolloutSettings {
        if (prompts < 1 || group < 1 || iterations < 1 || minibatches < 1 || batchTokens < 1 || resampling < 0
                || lag < 0 || !(temperature > 0)) {
            throw new IllegalArgumentException("found " + prompts + " prompts, groups of " + group + ", " + iterations
                    + " iterations, " + minibatches + " mini-batches, micro-batches of " + batchTokens
                    + " tokens and temperature " + temperature + ", expected more than 0 of each");
        }
        if (minibatches > prompts) {
            throw new IllegalArgumentException(minibatches + " mini-batches of " + prompts + " groups: each needs a "
                    + "group");
        }
    }

    /// 16 prompts, groups of 8, temperature 1, one update of a batch in micro-batches of 16,384 tokens.
    public static RolloutSettings of(long seed) {
        return new RolloutSettings(seed, 16, 8, 1, 1, 1, 0, 0, false, false, 1 << 14);
    }

    public RolloutSettings withPrompts(int other) {
        return new RolloutSettings(seed, other, group, temperature, iterations, minibatches, resampling, lag,
                masksTruncated, greedyBaseline, batchTokens);
    }

    public RolloutSettings withGroup(int other) {
        return new RolloutSettings(seed, prompts, other, temperature, iterations, minibatches, resampling, lag,
                masksTruncated, greedyBaseline, batchTokens);
    }

    public RolloutSettings withBatchTokens(int other) {
        return new RolloutSettings(seed, prompts, group, temperature, iterations, minibatches, resampling, lag,
                masksTruncated, greedyBaseline, other);
    }

    /// Updates that a batch of rollouts serves.
    public int updates() {
        return Math.multiplyExact(iterations, minibatches);
    }

    /// Whether the policy may have changed between sampling and update.
    boolean isOffPolicy() {
        return updates() > 1 || lag > 0;
    }
}

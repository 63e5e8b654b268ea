package glia.engine.schedule;

import glia.engine.draft.Drafting;

/// Options of a scheduler.
///
/// @param tokenBudget the most tokens of one pass: one of each decoding sequence first, then chunks of prompts
/// @param maxSequences the most running sequences
/// @param maxWaiting the most waiting sequences; more are refused with a [QueueFullException]
/// @param cachesPrefixes whether there is a prefix cache
/// @param drafting speculative decoding; whether a model drafts depends on the runner
/// @param temperature divides the logits of all requests before their samplers see them, so that log-probabilities are
///     those of the distribution that is sampled, as policy optimization needs them; 1 for the model's own
public record SchedulerOptions(int tokenBudget, int maxSequences, int maxWaiting, boolean cachesPrefixes,
        Drafting drafting, double temperature) {
    /// @throws IllegalArgumentException if a value is less than 1, the temperature is not positive, or the budget is
    ///     too small for a step of all sequences
    public SchedulerOptions {
        if (maxSequences < 1 || maxWaiting < 1) {
            throw new IllegalArgumentException("at least 1 sequence must run and 1 wait, not " + maxSequences + " and "
                    + maxWaiting);
        }
        if (!(temperature > 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature: found " + temperature + ", expected more than 0");
        }
        // Twice the sequences leaves room for drafts; one more lets prompts progress.
        if (tokenBudget <= 2 * maxSequences) {
            throw new IllegalArgumentException("a pass of " + tokenBudget + " tokens is too small for " + maxSequences
                    + " sequences: found a budget of " + tokenBudget + ", expected at least " + (2 * maxSequences + 1));
        }
    }

    /// Options with a prefix cache and without speculative decoding.
    public SchedulerOptions(int tokenBudget, int maxSequences, int maxWaiting) {
        this(tokenBudget, maxSequences, maxWaiting, true, Drafting.none(), 1);
    }

    /// Passes of 512 tokens, 64 running and 4,096 waiting sequences, a prefix cache.
    public static SchedulerOptions defaults() {
        return new SchedulerOptions(512, 64, 4096);
    }

    public SchedulerOptions withTokenBudget(int other) {
        return new SchedulerOptions(other, maxSequences, maxWaiting, cachesPrefixes, drafting, temperature);
    }

    public SchedulerOptions withMaxSequences(int other) {
        return new SchedulerOptions(tokenBudget, other, maxWaiting, cachesPrefixes, drafting, temperature);
    }

    public SchedulerOptions withMaxWaiting(int other) {
        return new SchedulerOptions(tokenBudget, maxSequences, other, cachesPrefixes, drafting, temperature);
    }

    /// Without a prefix cache: each sequence computes its whole prompt.
    public SchedulerOptions withoutPrefixCache() {
        return new SchedulerOptions(tokenBudget, maxSequences, maxWaiting, false, drafting, temperature);
    }

    /// With speculative decoding.
    public SchedulerOptions withDrafting(Drafting other) {
        return new SchedulerOptions(tokenBudget, maxSequences, maxWaiting, cachesPrefixes, other, temperature);
    }

    /// With a divisor of the logits.
    public SchedulerOptions withTemperature(double other) {
        return new SchedulerOptions(tokenBudget, maxSequences, maxWaiting, cachesPrefixes, drafting, other);
    }
}

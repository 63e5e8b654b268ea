package glia.engine.schedule;

import glia.engine.draft.Drafting;

/// Options of a scheduler.
///
/// @param tokenBudget the most tokens of one pass: one of each decoding sequence first, then chunks of prompts
/// @param maxSequences the most running sequences
/// @param maxWaiting the most waiting sequences; more are refused with a [QueueFullException]
/// @param cachesPrefixes whether there is a prefix cache
/// @param drafting speculative decoding; whether a model drafts depends on the runner
public record SchedulerOptions(int tokenBudget, int maxSequences, int maxWaiting, boolean cachesPrefixes,
        Drafting drafting) {
    /// @throws IllegalArgumentException if a value is less than 1, or the budget is too small for a step of all
    ///     sequences
    public SchedulerOptions {
        if (maxSequences < 1 || maxWaiting < 1) {
            throw new IllegalArgumentException("at least 1 sequence must run and 1 wait, not " + maxSequences + " and "
                    + maxWaiting);
        }
        // Twice the sequences leaves room for drafts; one more lets prompts progress.
        if (tokenBudget <= 2 * maxSequences) {
            throw new IllegalArgumentException("a pass of " + tokenBudget + " tokens is too small for " + maxSequences
                    + " sequences: found a budget of " + tokenBudget + ", expected at least " + (2 * maxSequences + 1));
        }
    }

    /// Options with a prefix cache and without speculative decoding.
    public SchedulerOptions(int tokenBudget, int maxSequences, int maxWaiting) {
        this(tokenBudget, maxSequences, maxWaiting, true, Drafting.none());
    }

    /// Passes of 512 tokens, 64 running and 4,096 waiting sequences, a prefix cache.
    public static SchedulerOptions defaults() {
        return new SchedulerOptions(512, 64, 4096);
    }

    public SchedulerOptions withTokenBudget(int other) {
        return new SchedulerOptions(other, maxSequences, maxWaiting, cachesPrefixes, drafting);
    }

    public SchedulerOptions withMaxSequences(int other) {
        return new SchedulerOptions(tokenBudget, other, maxWaiting, cachesPrefixes, drafting);
    }

    public SchedulerOptions withMaxWaiting(int other) {
        return new SchedulerOptions(tokenBudget, maxSequences, other, cachesPrefixes, drafting);
    }

    /// Without a prefix cache: each sequence computes its whole prompt.
    public SchedulerOptions withoutPrefixCache() {
        return new SchedulerOptions(tokenBudget, maxSequences, maxWaiting, false, drafting);
    }

    /// With speculative decoding.
    public SchedulerOptions withDrafting(Drafting other) {
        return new SchedulerOptions(tokenBudget, maxSequences, maxWaiting, cachesPrefixes, other);
    }
}

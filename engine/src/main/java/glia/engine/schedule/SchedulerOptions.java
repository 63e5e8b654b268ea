package glia.engine.schedule;

/// How a scheduler shares a model among requests.
///
/// @param tokenBudget the most tokens of one pass: decoding texts come first, chunks of prompts take the rest
/// @param maxSequences the most texts that are computed at the same time
/// @param maxWaiting the most texts that wait; more are refused with a [QueueFullException]
/// @param cachesPrefixes whether texts begin with what others have computed of the same tokens
public record SchedulerOptions(int tokenBudget, int maxSequences, int maxWaiting, boolean cachesPrefixes) {
    /// @throws IllegalArgumentException if a value is less than 1, or the budget too small for a step of all texts
    public SchedulerOptions {
        if (maxSequences < 1 || maxWaiting < 1) {
            throw new IllegalArgumentException("at least 1 text must run and 1 wait, not " + maxSequences + " and "
                    + maxWaiting);
        }
        // A drafted step takes two tokens; one is left so that prompts never stand still.
        if (tokenBudget <= 2 * maxSequences) {
            throw new IllegalArgumentException("a pass of " + tokenBudget + " tokens is too small for " + maxSequences
                    + " texts: found a budget of " + tokenBudget + ", expected at least " + (2 * maxSequences + 1));
        }
    }

    /// With a cache of prefixes.
    public SchedulerOptions(int tokenBudget, int maxSequences, int maxWaiting) {
        this(tokenBudget, maxSequences, maxWaiting, true);
    }

    /// Passes of 512 tokens, 64 texts at the same time, 4,096 that wait, a cache of prefixes.
    public static SchedulerOptions defaults() {
        return new SchedulerOptions(512, 64, 4096);
    }

    public SchedulerOptions withTokenBudget(int other) {
        return new SchedulerOptions(other, maxSequences, maxWaiting, cachesPrefixes);
    }

    public SchedulerOptions withMaxSequences(int other) {
        return new SchedulerOptions(tokenBudget, other, maxWaiting, cachesPrefixes);
    }

    public SchedulerOptions withMaxWaiting(int other) {
        return new SchedulerOptions(tokenBudget, maxSequences, other, cachesPrefixes);
    }

    /// Each text computes its whole prompt.
    public SchedulerOptions withoutPrefixCache() {
        return new SchedulerOptions(tokenBudget, maxSequences, maxWaiting, false);
    }
}

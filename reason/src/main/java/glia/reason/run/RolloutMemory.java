package glia.reason.run;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.reason.rollout.RolloutOptions;

/// The KV cache of rollouts, predicted: all completions have the most tokens, and those of a group share the full
/// blocks of their prompt.
final class RolloutMemory {
    /// Positions of a block.
    private static final int BLOCK = 64;

    private RolloutMemory() { }

    /// Bytes in use at most.
    ///
    /// @param promptTokens of each prompt
    static long cacheBytes(Engine engine, RolloutOptions options, int promptTokens, int prompts, int group) {
        int length = (int) Math.min(options.maxContext(), (long) promptTokens + options.maxTokens());
        int shared = promptTokens / BLOCK * BLOCK;
        int members = Math.min(group, options.maxSequences());
        int groups = Math.clamp(options.maxSequences() / members, 1, prompts);
        try (Sequence empty = engine.open()) {
            long bytes = groups * (empty.bytesToAppend(shared) + members * empty.bytesToAppend(length - shared));
            return Math.min(bytes, engine.pool().limitBytes());
        }
    }
}

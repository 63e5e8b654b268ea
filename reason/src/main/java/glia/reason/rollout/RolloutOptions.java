package glia.reason.rollout;

import java.util.function.IntPredicate;

/// How completions are sampled.
///
/// @param temperature divisor of the logits; 0 is greedy
/// @param maxTokens most sampled tokens of a rollout
/// @param maxContext most tokens of a prompt with its completion
/// @param maxSequences most sequences that are computed together
/// @param passTokens most tokens of a pass; at least twice the sequences are allowed
/// @param vocabSize tokens that may be sampled; further logits are padding
/// @param ends tokens that end a turn; they belong to it
public record RolloutOptions(double temperature, int maxTokens, int maxContext, int maxSequences, int passTokens,
        int vocabSize, IntPredicate ends) {
    private static final int SEQUENCES = 128;
    private static final int PASS_TOKENS = 1024;

    /// @throws IllegalArgumentException if a value is out of range
    public RolloutOptions {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature: found " + temperature + ", expected 0 or more");
        }
        atLeastOne("most tokens of a completion", maxTokens);
        atLeastOne("most tokens of a prompt with its completion", maxContext);
        atLeastOne("most sequences", maxSequences);
        atLeastOne("most tokens of a pass", passTokens);
        atLeastOne("size of the vocabulary", vocabSize);
    }

    /// Up to 128 sequences together, in passes of up to 1,024 tokens.
    public RolloutOptions(double temperature, int maxTokens, int maxContext, int vocabSize, IntPredicate ends) {
        this(temperature, maxTokens, maxContext, SEQUENCES, PASS_TOKENS, vocabSize, ends);
    }

    private static void atLeastOne(String what, int number) {
        if (number < 1) {
            throw new IllegalArgumentException(what + ": found " + number + ", expected at least 1");
        }
    }

    public RolloutOptions withTemperature(double other) {
        return new RolloutOptions(other, maxTokens, maxContext, maxSequences, passTokens, vocabSize, ends);
    }

    public RolloutOptions withMaxTokens(int other) {
        return new RolloutOptions(temperature, other, maxContext, maxSequences, passTokens, vocabSize, ends);
    }

    public RolloutOptions withMaxSequences(int other) {
        return new RolloutOptions(temperature, maxTokens, maxContext, other, passTokens, vocabSize, ends);
    }

    public RolloutOptions withPassTokens(int other) {
        return new RolloutOptions(temperature, maxTokens, maxContext, maxSequences, other, vocabSize, ends);
    }
}

package glia.engine.answer;

import glia.text.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.Set;

/// Which tokens end an answer, and which are part of its text.
///
/// @param endsAtStopTokens whether the model's end-of-generation tokens end an answer; false ignores them
/// @param furtherStops other tokens that end an answer; they are not part of its text
/// @param minTokens the fewest tokens: before, no stop token is sampled and no stop string is looked for
/// @param showsSpecial whether special tokens are part of the text, stop tokens excepted
public record TokenRules(boolean endsAtStopTokens, Set<Integer> furtherStops, int minTokens, boolean showsSpecial) {
    /// The model's end-of-generation tokens end an answer.
    public static final TokenRules USUAL = new TokenRules(true, Set.of(), 0, false);

    /// Copies the tokens.
    public TokenRules {
        furtherStops = Set.copyOf(furtherStops);
    }

    /// These rules with more tokens that end an answer.
    public TokenRules withStops(Set<Integer> more) {
        Set<Integer> all = new HashSet<>(furtherStops);
        all.addAll(more);
        return new TokenRules(endsAtStopTokens, all, minTokens, showsSpecial);
    }

    /// All tokens that end an answer.
    public Set<Integer> stops(Tokenizer tokenizer) {
        Set<Integer> all = new HashSet<>(furtherStops);
        if (endsAtStopTokens) {
            all.addAll(tokenizer.endOfGeneration());
        }
        return all;
    }
}

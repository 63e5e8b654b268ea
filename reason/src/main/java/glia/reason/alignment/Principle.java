package glia.reason.alignment;

import glia.reason.reward.ContainedReward;
import glia.reason.reward.Sample;
import java.util.OptionalDouble;

/// A principle of a [Constitution].
///
/// @param name a word
/// @param critique the request to criticize the last answer by this principle; `{prompt}` stands for the prompt
/// @param revision the request to rewrite it, with the same placeholder
/// @param comparison the question which of two answers follows the principle
/// @param check scores an answer without a model; a check that fails or does not apply counts as a principle that is
///     not kept
/// @param least the score from which an answer keeps the principle
public record Principle(String name, String critique, String revision, String comparison, ContainedReward check,
        double least) {
    private static final String PROMPT = "{prompt}";

    /// The request for a critique of an answer to a prompt.
    String critiqueOf(String prompt) {
        return critique.replace(PROMPT, prompt);
    }

    /// The request for a revision of an answer to a prompt.
    String revisionOf(String prompt) {
        return revision.replace(PROMPT, prompt);
    }

    /// Whether an answer keeps this principle, as its check says.
    public boolean isKept(Sample answer) {
        OptionalDouble score = check.score(answer);
        return score.isPresent() && score.getAsDouble() >= least;
    }
}

package glia.reason.search;

/// An answer, or the beginning of one.
///
/// @param tokens its tokens after the prompt, the end token included
/// @param thinking the text of its thinking
/// @param answer the text of its answer, without the thinking
/// @param completion both as one text, with the thinking between `<think>` and `</think>`
/// @param logProbability the sum of the log-probabilities of its sampled tokens
/// @param isFinished whether the model ended it by an end token
public record Candidate(int[] tokens, String thinking, String answer, String completion, double logProbability,
        boolean isFinished) {
    /// The mean log-probability of a token; 0 without tokens.
    public double meanLogProbability() {
        return tokens.length == 0 ? 0 : logProbability / tokens.length;
    }
}

package glia.engine.answer;

import glia.engine.schedule.Finish;
import java.util.Optional;

/// The end of an answer.
///
/// @param finish why it ended
/// @param stop the stop string that ended it, if one did
/// @param numToolCalls the number of its tool calls
/// @param tokens generated tokens, those of the thinking included
/// @param thinkingTokens tokens of the thinking
/// @param promptTokens tokens of the prompt
/// @param reusedTokens tokens of the prompt that the KV cache held
/// @param firstTokenNanos from submission to the first token; 0 if none came
/// @param totalNanos from submission to the end
public record AnswerEnd(Finish finish, Optional<String> stop, int numToolCalls, int tokens, int thinkingTokens,
        int promptTokens, int reusedTokens, long firstTokenNanos, long totalNanos) {
    /// Whether the most tokens, the context, a loop or the time ended the answer.
    public boolean isCut() {
        return switch (finish) {
            case LENGTH, CONTEXT, REPETITION, TIMEOUT -> true;
            default -> false;
        };
    }

    /// The same with another reason.
    public AnswerEnd withFinish(Finish other) {
        return new AnswerEnd(other, stop, numToolCalls, tokens, thinkingTokens, promptTokens, reusedTokens,
                firstTokenNanos, totalNanos);
    }
}

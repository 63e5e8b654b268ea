package glia.reason.trace;

import glia.reason.task.Problem;
import glia.train.data.ChatLine;
import java.util.LinkedHashMap;
import java.util.Map;

/// A solver's thoughts about a problem and its answer.
///
/// @param problem what was asked
/// @param thoughts lines of text, without tags
/// @param answer the final answer
/// @param strategy how the solver went about it
/// @param attempts number of attempts, or of steps where there is nothing to try
/// @param isVerified whether the thoughts verify an answer
/// @param isRight whether the task's verifier accepts the answer
public record Trace(Problem problem, String thoughts, String answer, Strategy strategy, int attempts,
        boolean isVerified, boolean isRight) {
    /// The completion: `<think>`, the thoughts, `</think>` and the answer, in lines; of [Strategy#DIRECT] the answer
    /// alone.
    public String completion() {
        return strategy == Strategy.DIRECT ? answer : completion(thoughts, answer);
    }

    static String completion(String thoughts, String answer) {
        return "<think>\n" + thoughts + "</think>\n" + answer;
    }

    /// A chat of the prompt and the completion, as supervised fine-tuning reads it.
    public Map<String, Object> chat() {
        return ChatLine.of(problem.prompt(), completion());
    }

    /// The prompt with a line feed, and the completion that follows it, as models without a chat template are
    /// fine-tuned.
    public Map<String, Object> continuation() {
        Map<String, Object> pair = new LinkedHashMap<>();
        pair.put("prompt", problem.prompt() + "\n");
        pair.put("completion", completion());
        return pair;
    }

    /// A document of the prompt and the completion, as pretraining reads it.
    public Map<String, Object> document() {
        return Map.of("text", problem.prompt() + "\n" + completion());
    }
}

package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import java.util.Map;

/// The tokens of a request in OpenAI's names.
final class Usage {
    private Usage() { }

    /// The durations of an answer in the names of llama-server. Those of the prompt include the time that it waited.
    static Map<String, Object> timings(AnswerEnd end) {
        int read = end.promptTokens() - end.reusedTokens();
        double prompt = end.firstTokenNanos() / 1e6;
        double made = Math.max(0, end.totalNanos() - end.firstTokenNanos()) / 1e6;
        return object("cache_n", end.reusedTokens(), "prompt_n", read, "prompt_ms", prompt, "prompt_per_token_ms",
                prompt / Math.max(1, read), "prompt_per_second", rate(read, prompt), "predicted_n", end.tokens(),
                "predicted_ms", made, "predicted_per_token_ms", made / Math.max(1, end.tokens()),
                "predicted_per_second", rate(end.tokens(), made));
    }

    private static double rate(int tokens, double millis) {
        return millis == 0 ? 0 : tokens / millis * 1e3;
    }

    /// @param first the end of the first answer, which prefilled the prompt
    /// @param generated tokens of all answers
    /// @param thought tokens of thinking of all answers
    static Map<String, Object> of(AnswerEnd first, int generated, int thought) {
        return of(first.promptTokens(), first.reusedTokens(), generated, thought);
    }

    /// @param read tokens of the prompts
    /// @param reused tokens of the prompts that the KV cache held
    static Map<String, Object> of(int read, int reused, int generated, int thought) {
        return object("prompt_tokens", read, "completion_tokens", generated, "total_tokens", read + generated,
                "prompt_tokens_details", object("cached_tokens", reused, "audio_tokens", 0),
                "completion_tokens_details", object("reasoning_tokens", thought, "audio_tokens", 0,
                        "accepted_prediction_tokens", 0, "rejected_prediction_tokens", 0));
    }
}

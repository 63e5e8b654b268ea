package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.serve.chat.AnswerEnd;
import java.util.Map;

/// The tokens of a request in OpenAI's names.
final class Usage {
    private Usage() { }

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

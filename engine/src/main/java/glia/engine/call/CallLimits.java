package glia.engine.call;

import glia.engine.GenerationOptions;

/// Checks a call before anything is rendered or tokenized.
final class CallLimits {
    private CallLimits() { }

    /// @return the options; their most tokens are at most the limit
    /// @throws CallException if a limit is exceeded
    static GenerationOptions apply(Prompt prompt, GenerationOptions options, PromptLimits limits) {
        if (prompt instanceof Prompt.Conversation conversation) {
            PromptLimits.check("messages", "messages", conversation.messages().size(), limits.messages(),
                    "--max-messages");
            PromptLimits.check("tools", "tools", conversation.tools().size(), limits.tools(), "--max-tools");
        }
        if (prompt instanceof Prompt.Tokens tokens) {
            PromptLimits.check("prompt", "tokens", tokens.ids().length, limits.promptTokens(), "--max-prompt-tokens");
        }
        PromptLimits.check("stop", "stop strings", options.stops().size(), limits.stops(), "--max-stops");
        for (String stop : options.stops()) {
            if (stop.length() > limits.stopCharacters()) {
                throw new CallException("stop", "found a stop string of " + stop.length()
                        + " characters, expected at most " + limits.stopCharacters());
            }
        }
        PromptLimits.check("logit_bias", "entries", options.sampling().logitBias().size(), limits.biases(),
                "--max-logit-bias");
        PromptLimits.check("max_tokens", "tokens", options.maxTokens(), limits.answerTokens(), "--max-answer-tokens");
        return options.maxTokens() == 0 && limits.answerTokens() < Integer.MAX_VALUE
                ? options.withMaxTokens(limits.answerTokens()) : options;
    }
}

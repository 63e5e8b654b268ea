package glia.engine.call;

import glia.engine.GenerationOptions;
import glia.engine.answer.TokenRules;
import glia.engine.answer.ToolChoice;
import glia.engine.grammar.Grammar;
import glia.io.picture.Film;
import glia.io.picture.Picture;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A request for text in the terms that all APIs share.
///
/// @param prompt what to continue
/// @param options sampling, the most tokens, stop strings, thinking
/// @param numSamples the number of answers
/// @param numAlternatives most probable tokens to list with each token; -1 for no log-probabilities at all
/// @param grammar the form of the answers, after the thinking; empty if they are free
/// @param terms whose request it is, and what it may take
/// @param toolChoice how the tools of a conversation may be used
/// @param tokenRules which tokens end the answers and are part of their text
public record GenerationCall(Prompt prompt, GenerationOptions options, int numSamples, int numAlternatives,
        Optional<Grammar> grammar, CallTerms terms, ToolChoice toolChoice, TokenRules tokenRules) {
    /// Checks the limits.
    ///
    /// @throws CallException if the prompt or the options exceed one
    public GenerationCall {
        options = CallLimits.apply(prompt, options, terms.limits());
    }

    /// A call for one answer without log-probabilities and masks.
    public GenerationCall(Prompt prompt, GenerationOptions options, CallTerms terms) {
        this(prompt, options, 1, -1, Optional.empty(), terms, ToolChoice.AUTO, TokenRules.USUAL);
    }

    /// The same with the usual limits.
    public GenerationCall(Prompt prompt, GenerationOptions options, String caller, String cacheKey, Duration timeout) {
        this(prompt, options, new CallTerms(caller, cacheKey, timeout));
    }

    public GenerationCall withPrompt(Prompt other) {
        return new GenerationCall(other, options, numSamples, numAlternatives, grammar, terms, toolChoice, tokenRules);
    }

    /// The same with other options.
    GenerationCall withOptions(GenerationOptions other) {
        return new GenerationCall(prompt, other, numSamples, numAlternatives, grammar, terms, toolChoice,
                tokenRules);
    }

    /// The same on other terms.
    GenerationCall withTerms(CallTerms other) {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, grammar, other, toolChoice, tokenRules);
    }

    public GenerationCall withSamples(int count) {
        return new GenerationCall(prompt, options, count, numAlternatives, grammar, terms, toolChoice, tokenRules);
    }

    /// With log-probabilities.
    ///
    /// @param alternatives most probable tokens to list with each token, 0 or more
    public GenerationCall withLogProbabilities(int alternatives) {
        return new GenerationCall(prompt, options, numSamples, alternatives, grammar, terms, toolChoice, tokenRules);
    }

    /// With a form that the answers must have after their thinking.
    public GenerationCall withGrammar(Grammar form) {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, Optional.of(form), terms, toolChoice,
                tokenRules);
    }

    public GenerationCall withToolChoice(ToolChoice choice) {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, grammar, terms, choice, tokenRules);
    }

    public GenerationCall withTokenRules(TokenRules rules) {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, grammar, terms, toolChoice, rules);
    }

    /// Checks a call before anything is rendered or tokenized.
    static final class CallLimits {
        private CallLimits() { }

        /// @return the options; their most tokens are at most the limit
        /// @throws CallException if a limit is exceeded
        static GenerationOptions apply(Prompt prompt, GenerationOptions options, PromptLimits limits) {
            if (prompt instanceof Prompt.Conversation conversation) {
                PromptLimits.check("messages", "messages", conversation.messages().size(), limits.messages(),
                        "--max-messages");
                PromptLimits.check("tools", "tools", conversation.tools().size(), limits.tools(), "--max-tools");
                List<Picture> pictures = conversation.messages().stream().flatMap(m -> m.visuals().stream())
                        .map(v -> v instanceof Film film ? film.frames().getFirst() : (Picture) v).toList();
                int sounds = conversation.messages().stream().mapToInt(m -> m.sounds().size()).sum();
                PromptLimits.check("messages", sounds > 0 ? "pictures and sounds" : "pictures",
                        pictures.size() + sounds, limits.pictures(), "--max-images");
                for (Picture picture : pictures) {
                    PromptLimits.check(picture.name(), "pixels", (long) picture.width() * picture.height(),
                            limits.picturePixels(), "--max-image-pixels");
                }
            }
            if (prompt instanceof Prompt.Tokens tokens) {
                PromptLimits.check("prompt", "tokens", tokens.ids().length, limits.promptTokens(),
                        "--max-prompt-tokens");
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
            PromptLimits.check("max_tokens", "tokens", options.maxTokens(), limits.answerTokens(),
                    "--max-answer-tokens");
            return options.maxTokens() == 0 && limits.answerTokens() < Integer.MAX_VALUE
                    ? options.withMaxTokens(limits.answerTokens()) : options;
        }
    }
}

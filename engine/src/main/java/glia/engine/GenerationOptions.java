package glia.engine;

import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import glia.engine.steer.Steering;
import glia.engine.thinking.ThinkingOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Options of an answer.
///
/// @param sampling the options of the sampler
/// @param maxTokens the most tokens of an answer, thinking included; 0: as many as the context holds
/// @param stops stop strings: the first occurrence of one ends the answer and is not part of it; they are not
///     searched in the thinking
/// @param thinking how much the model thinks before the answer; only for chats
/// @param grammar the form of the answer, after the thinking, for [Chat] and [Generator]; empty for free text. An
///     answer that ends before the stop token, at the most tokens say, is the begin of a text of the grammar
/// @param stopTokens tokens that end the answer besides the model's own, for [Generator]; they are not part of it
/// @param diffusion options of text diffusion by their keys, such as `steps`, in place of the model's own
/// @param steering control vectors that are added to the residual stream
public record GenerationOptions(SamplingOptions sampling, int maxTokens, List<String> stops,
        ThinkingOptions thinking, Optional<Grammar> grammar, Set<Integer> stopTokens,
        Map<String, Object> diffusion, Steering steering) {
    public GenerationOptions {
        if (maxTokens < 0) {
            throw new IllegalArgumentException("the most tokens of an answer: found " + maxTokens
                    + ", expected 1 or more, or 0 for no limit");
        }
        stops = List.copyOf(stops);
        stopTokens = Set.copyOf(stopTokens);
        diffusion = Map.copyOf(diffusion);
    }

    /// The model's own options of text diffusion.
    public GenerationOptions(SamplingOptions sampling, int maxTokens, List<String> stops, ThinkingOptions thinking,
            Optional<Grammar> grammar, Set<Integer> stopTokens) {
        this(sampling, maxTokens, stops, thinking, grammar, stopTokens, Map.of(), Steering.NONE);
    }

    /// @param others options of text diffusion by their keys
    public GenerationOptions withDiffusion(Map<String, Object> others) {
        return new GenerationOptions(sampling, maxTokens, stops, thinking, grammar, stopTokens, others, steering);
    }

    /// @param others control vectors in place of these
    public GenerationOptions withSteering(Steering others) {
        return new GenerationOptions(sampling, maxTokens, stops, thinking, grammar, stopTokens, diffusion, others);
    }

    /// Free text.
    public GenerationOptions(SamplingOptions sampling, int maxTokens, List<String> stops, ThinkingOptions thinking) {
        this(sampling, maxTokens, stops, thinking, Optional.empty(), Set.of());
    }

    /// The template's default of thinking.
    public GenerationOptions(SamplingOptions sampling, int maxTokens, List<String> stops) {
        this(sampling, maxTokens, stops, ThinkingOptions.DEFAULT);
    }

    /// The sampler's defaults, no limit but the context, no stop strings.
    public static GenerationOptions defaults() {
        return new GenerationOptions(SamplingOptions.defaults(), 0, List.of());
    }

    public GenerationOptions withSampling(SamplingOptions other) {
        return new GenerationOptions(other, maxTokens, stops, thinking, grammar, stopTokens, diffusion, steering);
    }

    public GenerationOptions withMaxTokens(int other) {
        return new GenerationOptions(sampling, other, stops, thinking, grammar, stopTokens, diffusion, steering);
    }

    /// @param other all stop strings; an empty list for none
    public GenerationOptions withStops(List<String> other) {
        return new GenerationOptions(sampling, maxTokens, other, thinking, grammar, stopTokens, diffusion, steering);
    }

    public GenerationOptions withThinking(ThinkingOptions other) {
        return new GenerationOptions(sampling, maxTokens, stops, other, grammar, stopTokens, diffusion, steering);
    }

    public GenerationOptions withGrammar(Grammar other) {
        return new GenerationOptions(sampling, maxTokens, stops, thinking, Optional.of(other), stopTokens, diffusion,
                steering);
    }

    public GenerationOptions withStopTokens(Set<Integer> other) {
        return new GenerationOptions(sampling, maxTokens, stops, thinking, grammar, other, diffusion, steering);
    }
}

package glia.engine;

import glia.engine.sampling.SamplingOptions;
import java.util.List;

/// How an answer is made.
///
/// @param sampling how each token is chosen
/// @param maxTokens the most tokens of an answer; 0: as many as the context holds
/// @param stops texts that end the answer and are not part of it
public record GenerationOptions(SamplingOptions sampling, int maxTokens, List<String> stops) {
    public GenerationOptions {
        if (maxTokens < 0) {
            throw new IllegalArgumentException("an answer has at most " + maxTokens + " tokens? Use 0 for no limit");
        }
        stops = List.copyOf(stops);
    }

    /// The sampler's defaults, no limit but the context.
    public static GenerationOptions defaults() {
        return new GenerationOptions(SamplingOptions.defaults(), 0, List.of());
    }

    public GenerationOptions withSampling(SamplingOptions other) {
        return new GenerationOptions(other, maxTokens, stops);
    }

    public GenerationOptions withMaxTokens(int other) {
        return new GenerationOptions(sampling, other, stops);
    }
}

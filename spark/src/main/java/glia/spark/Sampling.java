package glia.spark;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import java.io.Serializable;
import java.util.Objects;

/// How answers are generated.
///
/// @param maxTokens the most tokens of an answer
/// @param temperature 0 for the most probable token
/// @param topP 1 for all tokens
/// @param seed with the prompt and the number of the sample, it decides the random numbers of an answer
/// @param samples answers of a row; each is a row of the result
/// @param system a system prompt; empty for none
/// @param isRaw whether prompts are continued as they are, without a chat template
public record Sampling(int maxTokens, float temperature, float topP, long seed, int samples, String system,
        boolean isRaw) implements Serializable {
    public Sampling {
        if (maxTokens < 1 || samples < 1 || !(temperature >= 0) || !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("expected at least 1 token and 1 sample, a temperature of 0 or more and "
                    + "a top-p above 0, at most 1; found " + maxTokens + ", " + samples + ", " + temperature + ", "
                    + topP);
        }
        Objects.requireNonNull(system);
    }

    /// The most probable answer to each prompt.
    public static Sampling greedy(int maxTokens) {
        return new Sampling(maxTokens, 0, 1, 0, 1, "", false);
    }

    GenerationOptions options(LanguageModel model, String prompt, int sample) {
        SamplingOptions sampling = temperature == 0 ? SamplingOptions.greedy()
                : SamplingOptions.neutral().withTemperature(temperature).withTopP(topP)
                        .withSeed(Objects.hash(seed, prompt, sample));
        return model.options().withSampling(sampling).withMaxTokens(maxTokens);
    }
}

package glia.engine;

import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufMetadata;
import glia.model.write.SamplingKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// How a model's makers want its tokens to be chosen: `generation_config.json` beside the weights.
///
/// A file that says whether or how to sample is taken at its word, and what it leaves open is as Hugging Face's library
/// has it: temperature 1, the best 50 tokens, nothing else left out. A file that does not say so (many hold ids alone)
/// changes nothing.
///
/// @see <a href="https://huggingface.co/docs/transformers/main_classes/text_generation">GenerationConfig</a>
final class GenerationConfig {
    private static final String FILE = "generation_config.json";
    /// Any of these decides.
    private static final List<String> KEYS = List.of("do_sample", "temperature", "top_k", "top_p", "min_p");
    private static final SamplingOptions HUB = SamplingOptions.neutral().withTopK(50);

    private GenerationConfig() { }

    /// What the file of a model's folder asks for, [SamplingOptions#defaults] where it does not or is not there.
    ///
    /// @throws CheckpointException if a value is of another type than expected, or impossible
    static SamplingOptions sampling(Path folder) throws CheckpointException {
        Path file = folder.resolve(FILE);
        return Files.isRegularFile(file) ? sampling(Config.read(file)) : SamplingOptions.defaults();
    }

    /// The settings of a GGUF file, `general.sampling.*`.
    ///
    /// @throws CheckpointException if a value has another type than expected, or is impossible
    static SamplingOptions sampling(GgufMetadata metadata) throws CheckpointException {
        return sampling(Config.of(metadata.origin(), SamplingKeys.config(metadata)));
    }

    private static SamplingOptions sampling(Config config) throws CheckpointException {
        boolean decided = KEYS.stream().anyMatch(config::has);
        SamplingOptions options = decided ? HUB : SamplingOptions.defaults();
        try {
            options = options.withRepetitionPenalty(real(config, "repetition_penalty", options.repetitionPenalty()));
            if (!config.flag("do_sample", true)) {
                return options.withTemperature(0);
            }
            // Some write -1 for all tokens.
            int topK = config.integer("top_k", options.topK());
            return options.withTopK(topK == -1 ? 0 : topK)
                    .withTemperature(real(config, "temperature", options.temperature()))
                    .withTopP(real(config, "top_p", options.topP()))
                    .withMinP(real(config, "min_p", options.minP()));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(config.origin(), "", e.getMessage(), e);
        }
    }

    private static float real(Config config, String key, float ifAbsent) throws CheckpointException {
        return (float) config.real(key, ifAbsent);
    }
}

package glia.engine;

import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufMetadata;
import glia.model.write.SamplingKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The sampling options in a model's `generation_config.json`.
///
/// Where the file has a sampling option, missing ones have the defaults of Hugging Face's library: temperature 1, top-k
/// 50, no other truncation. A file without sampling options (many hold ids only) changes nothing.
///
/// @see <a href="https://huggingface.co/docs/transformers/main_classes/text_generation">GenerationConfig</a>
final class GenerationConfig {
    private static final String FILE = "generation_config.json";
    /// The sampling options.
    private static final List<String> KEYS = List.of("do_sample", "temperature", "top_k", "top_p", "min_p");
    private static final SamplingOptions HUB = SamplingOptions.neutral().withTopK(50);

    private GenerationConfig() { }

    /// The options of a model's folder, [SamplingOptions#defaults] without a file or options.
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
            // Some files have -1 for all tokens.
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

package glia.engine;

import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.Model;
import glia.model.spec.Diffusion;
import glia.model.write.SamplingKeys;
import glia.text.template.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model's default options, for all front ends. Sampling options are those of its `generation_config.json` or GGUF
/// metadata, else those of [#KNOWN], else [SamplingOptions#defaults].
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

    /// Models whose files do not say how to sample, by a text in their chat template and their hidden size.
    private record Known(String template, int hiddenSize, SamplingOptions sampling) { }

    private static final List<Known> KNOWN = List.of(
            // SmolLM2-135M-Instruct. Its authors recommend a temperature of 0.2; but with weights of 4 bits a wrong
            // token often has a similar probability, and without a penalty the model repeats itself without end.
            new Known("named SmolLM, trained by Hugging Face", 576,
                    SamplingOptions.defaults().withTemperature(0).withRepetitionPenalty(1.1f)));

    /// The most tokens of an answer, so that a model that does not end is ended.
    private static final int MOST_TOKENS = 4096;
    private static final int MOST_TOKENS_THINKING = 49_152;

    /// The tokens of an answer of masked diffusion, which are all computed.
    private static final int MASKED_TOKENS = 128;

    private GenerationConfig() { }

    /// The options of text diffusion of a model's files.
    static Config diffusion(Path path) throws CheckpointException {
        Path file = Folders.ofModel(path).resolve(FILE);
        return Files.isRegularFile(file) ? Config.read(file) : Config.of(file, Map.of());
    }

    /// All default options of a model.
    ///
    /// @param thinks whether it thinks before its answers
    static GenerationOptions options(Path path, Model model, Optional<ChatTemplate> template, boolean thinks)
            throws CheckpointException {
        if (model.spec().diffusion().isPresent()) {
            Config config = diffusion(path);
            boolean isMasked = model.spec().diffusion().get() instanceof Diffusion.Masked;
            SamplingOptions sampling = SamplingOptions.neutral()
                    .withTemperature(real(config, "temperature", isMasked ? 0 : 1))
                    .withTopP(config.has("top_p") ? real(config, "top_p", 1) : 1)
                    .withTopK(config.has("top_k") ? config.integer("top_k") : 0);
            return new GenerationOptions(sampling, isMasked ? config.positive("max_new_tokens", MASKED_TOKENS)
                    : MOST_TOKENS, List.of());
        }
        return new GenerationOptions(sampling(path, model, template), thinks ? MOST_TOKENS_THINKING : MOST_TOKENS,
                List.of());
    }

    /// The options of a model.
    ///
    /// @param path its file or folder
    /// @param template its chat template, if it has one
    /// @throws CheckpointException if a value of its files is of another type than expected, or impossible
    static SamplingOptions sampling(Path path, Model model, Optional<ChatTemplate> template)
            throws CheckpointException {
        SamplingOptions otherwise = KNOWN.stream().filter(known -> known.hiddenSize == model.spec().hiddenSize()
                && template.isPresent() && template.get().source().contains(known.template))
                .map(Known::sampling).findFirst().orElse(SamplingOptions.defaults());
        return model.checkpoint() instanceof GgufCheckpoint gguf ? sampling(gguf.metadata(), otherwise)
                : sampling(Folders.ofModel(path), otherwise);
    }

    /// @param folder may have a `generation_config.json`
    static SamplingOptions sampling(Path folder, SamplingOptions otherwise) throws CheckpointException {
        Path file = folder.resolve(FILE);
        return Files.isRegularFile(file) ? sampling(Config.read(file), otherwise) : otherwise;
    }

    /// The settings `general.sampling.*` of a GGUF file.
    private static SamplingOptions sampling(GgufMetadata metadata, SamplingOptions otherwise)
            throws CheckpointException {
        return sampling(Config.of(metadata.origin(), SamplingKeys.config(metadata)), otherwise);
    }

    private static SamplingOptions sampling(Config config, SamplingOptions otherwise) throws CheckpointException {
        boolean decided = KEYS.stream().anyMatch(config::has);
        SamplingOptions options = decided ? HUB : otherwise;
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

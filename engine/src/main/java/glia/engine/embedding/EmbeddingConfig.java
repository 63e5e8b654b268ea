package glia.engine.embedding;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.Model;
import glia.model.layout.DenseModule;
import glia.model.layout.Pooling;
import glia.model.layout.SparsePooling;
import glia.model.spec.ModelSpec;
import glia.model.write.SentenceTransformerKeys;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a model turns a text into an embedding: the files of
/// [sentence-transformers](https://sbert.net) in its folder (`modules.json`, `1_Pooling/config.json`,
/// `sentence_bert_config.json`, `config_sentence_transformers.json`), which GGUF files made of such a folder hold as
/// texts, or `pooling_type` of another GGUF file.
///
/// Without them encoders take the mean, decoders the last token, and vectors are normalized.
///
/// @param pooling how hidden states become one vector
/// @param isStated whether the model's files say so
/// @param normalized whether vectors are scaled to length 1, so that their dot product is the cosine
/// @param maxTokens the most tokens of a text, special tokens included: longer ones are truncated; 0: as many as the
///     context holds
/// @param lowerCase whether texts are turned to lower case before they are tokenized
/// @param prompts texts that may go before each text, by name
/// @param defaultPrompt the name of the prompt that goes before each text; empty for none
/// @param poolsPrompt whether the tokens of the prompt are pooled too
/// @param dense maps of the pooled vector, before it is scaled
public record EmbeddingConfig(Pooling pooling, boolean isStated, boolean normalized, int maxTokens, boolean lowerCase,
        Map<String, String> prompts, Optional<String> defaultPrompt, boolean poolsPrompt, List<DenseModule> dense) {
    /// A config without maps of the pooled vector.
    public EmbeddingConfig(Pooling pooling, boolean isStated, boolean normalized, int maxTokens, boolean lowerCase,
            Map<String, String> prompts, Optional<String> defaultPrompt, boolean poolsPrompt) {
        this(pooling, isStated, normalized, maxTokens, lowerCase, prompts, defaultPrompt, poolsPrompt, List.of());
    }

    /// Copies the prompts.
    ///
    /// @throws IllegalArgumentException if the default prompt is none of them
    public EmbeddingConfig {
        prompts = Map.copyOf(prompts);
        dense = List.copyOf(dense);
        if (defaultPrompt.isPresent() && !prompts.containsKey(defaultPrompt.get())) {
            throw new IllegalArgumentException("there is no prompt '" + defaultPrompt.get() + "'; the model has "
                    + (prompts.isEmpty() ? "none" : prompts.keySet().stream().sorted().toList()));
        }
    }

    /// A config without truncation and prompts.
    public static EmbeddingConfig of(Pooling pooling, boolean normalized) {
        return new EmbeddingConfig(pooling, true, normalized, 0, false, Map.of(), Optional.empty(), true);
    }

    /// The config of a model.
    ///
    /// @param path the model's folder or file
    /// @throws CheckpointException if its files cannot be read or require a pooling or a module that is not known
    public static EmbeddingConfig of(Path path, Model model) throws CheckpointException {
        EmbeddingConfig config = of(path, model, false);
        List<DenseModule> dense = SentenceTransformerKeys.dense(path, model.checkpoint());
        int size = model.spec().hiddenSize();
        for (DenseModule map : dense) {
            if (map.inputs() != size) {
                throw new CheckpointException(path, "modules.json", "found a Dense module that maps vectors of "
                        + map.inputs() + " numbers, expected " + size);
            }
            size = map.outputs();
        }
        return new EmbeddingConfig(config.pooling, config.isStated, config.normalized, config.maxTokens,
                config.lowerCase, config.prompts, config.defaultPrompt, config.poolsPrompt, dense);
    }

    /// The config of how texts are tokenized, of a model that may give sparse vectors.
    ///
    /// @param path the model's folder or file
    /// @throws CheckpointException as `of`
    public static EmbeddingConfig ofTexts(Path path, Model model) throws CheckpointException {
        return of(path, model, true);
    }

    private static EmbeddingConfig of(Path path, Model model, boolean isSparse) throws CheckpointException {
        if (model.checkpoint() instanceof GgufCheckpoint gguf) {
            return ofGguf(gguf.metadata(), model.spec(), isSparse);
        }
        return SentenceTransformerFiles.of(path).config(usual(model.spec()), isSparse);
    }

    /// How a model turns texts into sparse vectors, as its files say; empty if they say nothing of it.
    ///
    /// @param path the model's folder or file
    /// @throws CheckpointException if its files cannot be read or require a pooling that is not known
    public static Optional<SparsePooling> sparse(Path path, Model model) throws CheckpointException {
        return (model.checkpoint() instanceof GgufCheckpoint gguf ? SentenceTransformerFiles.of(gguf.metadata())
                : SentenceTransformerFiles.of(path)).sparse();
    }

    /// What is taken where a model's files say nothing.
    private static Pooling usual(ModelSpec spec) {
        return spec.looksAhead() ? Pooling.MEAN : Pooling.LAST;
    }

    private static EmbeddingConfig ofGguf(GgufMetadata metadata, ModelSpec spec, boolean isSparse)
            throws CheckpointException {
        SentenceTransformerFiles files = SentenceTransformerFiles.of(metadata);
        if (files.areThere()) {
            return files.config(usual(spec), isSparse);
        }
        String key = metadata.string("general.architecture") + ".pooling_type";
        // A classifier's files name no pooling of embeddings, in a folder either.
        long number = metadata.has(key) ? metadata.integer(key) : Pooling.GGUF_NONE;
        if (number == Pooling.GGUF_NONE || number == Pooling.GGUF_RANK) {
            return new EmbeddingConfig(usual(spec), false, true, 0, false, Map.of(), Optional.empty(), true);
        }
        return of(SentenceTransformerKeys.pooling(metadata, key), true);
    }

    public EmbeddingConfig withPooling(Pooling other) {
        return new EmbeddingConfig(other, true, normalized, maxTokens, lowerCase, prompts, defaultPrompt, poolsPrompt,
                dense);
    }

    public EmbeddingConfig withNormalized(boolean other) {
        return new EmbeddingConfig(pooling, isStated, other, maxTokens, lowerCase, prompts, defaultPrompt, poolsPrompt,
                dense);
    }

    /// @param name of one of the prompts
    /// @throws IllegalArgumentException if there is none of that name
    public EmbeddingConfig withPrompt(String name) {
        return new EmbeddingConfig(pooling, isStated, normalized, maxTokens, lowerCase, prompts, Optional.of(name),
                poolsPrompt, dense);
    }

    /// The size of vectors of a model.
    ///
    /// @param hidden its hidden size
    int size(int hidden) {
        return dense.isEmpty() ? hidden : dense.getLast().outputs();
    }

    /// The text that goes before each text.
    String prompt() {
        return defaultPrompt.map(prompts::get).orElse("");
    }
}

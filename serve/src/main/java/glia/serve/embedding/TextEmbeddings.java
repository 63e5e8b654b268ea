package glia.serve.embedding;

import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.io.CheckpointException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.BooleanSupplier;

/// Embeddings of a served model.
public final class TextEmbeddings {
    /// What the files of loaded models say, which are read once for each.
    private static final Map<LanguageModel, EmbeddingConfig> CONFIGS = Collections.synchronizedMap(new WeakHashMap<>());

    private final Embedder embedder;

    /// @throws IllegalArgumentException if the model has no embeddings
    /// @throws CheckpointException if the model's files of sentence-transformers cannot be used
    public TextEmbeddings(LanguageModel model) throws CheckpointException {
        this.embedder = new Embedder(model, config(model));
    }

    private static EmbeddingConfig config(LanguageModel model) throws CheckpointException {
        EmbeddingConfig known = CONFIGS.get(model);
        if (known == null) {
            known = EmbeddingConfig.of(model.path(), model.model());
            CONFIGS.put(model, known);
        }
        return known;
    }

    /// The most tokens of a text, special tokens included.
    public int maxTokens() {
        return embedder.maxTokens();
    }

    /// The tokens of a text, with the model's prompt before it and truncated to what it reads.
    public Embedder.Input encode(String text) {
        return HeavyWork.run(text.length(), () -> embedder.encode(text));
    }

    /// The vectors of texts, in their order.
    ///
    /// @param key whose texts they are: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    /// @throws IllegalArgumentException if a text has no tokens or too many
    public float[][] embed(List<Embedder.Input> texts, String key, BooleanSupplier goesOn) {
        return embedder.embed(texts, key, goesOn);
    }

    /// The first values of a vector, scaled to length 1: a shorter
    /// [Matryoshka](https://arxiv.org/abs/2205.13147) embedding.
    public static float[] shortened(float[] vector, int size) {
        float[] first = Arrays.copyOf(vector, size);
        double square = 0;
        for (float x : first) {
            square += (double) x * x;
        }
        for (int i = 0; i < size && square > 0; i++) {
            first[i] /= (float) Math.sqrt(square);
        }
        return first;
    }
}

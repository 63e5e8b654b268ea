package glia.serve.embedding;

import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.embedding.SparseEmbedder.TokenWeight;
import glia.engine.embedding.SparseEmbedder;
import glia.io.CheckpointException;
import glia.model.layout.SparsePooling;
import glia.serve.request.ServeException;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Sparse embeddings of a served model.
public final class SparseEmbeddings {
    private final SparseEmbedder embedder;

    /// @throws ServeException if the model has no sparse embeddings
    /// @throws CheckpointException if the model's files of sentence-transformers cannot be used
    public SparseEmbeddings(LanguageModel model) throws CheckpointException {
        SparsePooling pooling = EmbeddingConfig.sparse(model.path(), model.model()).orElse(SparsePooling.MAX);
        EmbeddingConfig config = EmbeddingConfig.ofTexts(model.path(), model.model());
        try {
            embedder = new SparseEmbedder(model, pooling, config);
        } catch (IllegalArgumentException e) {
            throw ServeException.badField("model", e.getMessage());
        }
    }

    /// The most tokens of a text, special tokens included.
    public int maxTokens() {
        return embedder.maxTokens();
    }

    /// The tokens of a text.
    public Embedder.Input encode(String text) {
        return HeavyWork.run(text.length(), () -> embedder.encode(text));
    }

    /// The weights of texts, in their order.
    ///
    /// @param key whose texts they are: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    public List<List<TokenWeight>> embed(List<Embedder.Input> texts, String key, BooleanSupplier goesOn) {
        return embedder.embed(texts, key, goesOn);
    }
}

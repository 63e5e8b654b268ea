package glia.serve.embedding;

import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.engine.embedding.LateInteractionConfig;
import glia.engine.embedding.TokenEmbedder;
import glia.io.CheckpointException;
import glia.serve.request.ServeException;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Token embeddings (ColBERT) of a served model.
public final class TokenEmbeddings {
    private final TokenEmbedder embedder;

    /// @throws ServeException if the model makes no vectors of tokens
    /// @throws CheckpointException if the model's settings cannot be used
    public TokenEmbeddings(LanguageModel model) throws CheckpointException {
        try {
            embedder = new TokenEmbedder(model, LateInteractionConfig.of(model.path(), model.model()));
        } catch (IllegalArgumentException e) {
            throw ServeException.badField("model", e.getMessage());
        }
    }

    /// The tokens of a query or a document.
    public TokenEmbedder.Input encode(String text, boolean isQuery) {
        return HeavyWork.run(text.length(), () -> {
            try {
                return isQuery ? embedder.query(text) : embedder.document(text);
            } catch (IllegalArgumentException e) {
                throw ServeException.badField("input", e.getMessage());
            }
        });
    }

    /// The vectors of the tokens of texts, in their order.
    ///
    /// @param key whose texts they are: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return null for texts that were not computed
    public List<float[][]> embed(List<TokenEmbedder.Input> texts, String key, BooleanSupplier goesOn) {
        return embedder.embed(texts, key, goesOn);
    }
}

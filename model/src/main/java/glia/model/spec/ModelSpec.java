package glia.model.spec;

import java.util.List;
import java.util.function.UnaryOperator;

/// What a decoder is: how its blocks are arranged, with all sizes. A family makes it from a checkpoint's config.
///
/// @param modelType the family's name, as in config.json
/// @param contextLength the most positions the model was made for
/// @param embeddingScale what embeddings are multiplied with
public record ModelSpec(String modelType, int vocabSize, int hiddenSize, int contextLength, Positions positions,
        float embeddingScale, List<Sublayer> sublayers, Norm finalNorm, Head head) {
    public ModelSpec {
        if (vocabSize < 1 || hiddenSize < 1 || contextLength < 1 || sublayers.isEmpty()) {
            throw new IllegalArgumentException("a model of vocabulary " + vocabSize + ", hidden size " + hiddenSize
                    + ", context " + contextLength + " and " + sublayers.size() + " sublayers");
        }
        sublayers = List.copyOf(sublayers);
    }

    /// Layers as the checkpoint counts them.
    public int numLayers() {
        return sublayers.getLast().layer() + 1;
    }

    /// The same model with other sublayers.
    public ModelSpec mapSublayers(UnaryOperator<Sublayer> change) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, positions, embeddingScale,
                sublayers.stream().map(change).toList(), finalNorm, head);
    }

    /// The same model with another head.
    public ModelSpec withHead(Head other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, positions, embeddingScale, sublayers,
                finalNorm, other);
    }
}

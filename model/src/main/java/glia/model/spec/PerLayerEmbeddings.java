package glia.model.spec;

/// Per-layer embeddings (PLE): for each layer a small vector of the token, `(norm(W e / √D) + √S · F[token]) / √2`,
/// where e is the input embedding. https://ai.google.dev/gemma/docs/gemma-3n#ple-caching
///
/// @param vocabSize the rows of F, `[V', L·S]`; tokens beyond them have the row of token 0
/// @param numLayers L
/// @param size S, the size of a layer's vector
/// @param eps epsilon of the norm over each layer's vector
public record PerLayerEmbeddings(int vocabSize, int numLayers, int size, float eps) {
    public PerLayerEmbeddings {
        NumberRange.EPSILON.require("epsilon of the per-layer norm", eps);
        if (vocabSize < 1 || numLayers < 1 || size < 1 || (long) numLayers * size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(size + " numbers for each of " + numLayers + " layers, of " + vocabSize
                    + " tokens");
        }
    }

    /// The width of all layers' vectors together, L·S.
    public int allLayers() {
        return numLayers * size;
    }

    void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.LAYER_EMBEDDING, vocabSize, allLayers());
        shapes.add(Role.LAYER_PROJECTION, allLayers(), hidden);
        shapes.add(Role.LAYER_PROJECTION_NORM, size);
    }
}

package glia.model.spec;

/// What layers are told of the tokens themselves, besides the stream: for each layer a few numbers of each token,
/// `(norm(W e / √D) + √S · F[token]) / √2`, where e is the first hidden state.
/// https://ai.google.dev/gemma/docs/gemma-3n#ple-caching
///
/// @param vocabSize the rows of F, `[V', L·S]`
/// @param numLayers L
/// @param size S, the numbers of a layer
/// @param eps of the norm over the numbers of each layer
public record PerLayerEmbeddings(int vocabSize, int numLayers, int size, float eps) {
    public PerLayerEmbeddings {
        NumberRange.EPSILON.require("epsilon of the per-layer norm", eps);
        if (vocabSize < 1 || numLayers < 1 || size < 1 || (long) numLayers * size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(size + " numbers for each of " + numLayers + " layers, of " + vocabSize
                    + " tokens");
        }
    }

    /// Numbers of a token for all layers.
    public int allLayers() {
        return numLayers * size;
    }

    void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.LAYER_EMBEDDING, vocabSize, allLayers());
        shapes.add(Role.LAYER_PROJECTION, allLayers(), hidden);
        shapes.add(Role.LAYER_PROJECTION_NORM, size);
    }
}

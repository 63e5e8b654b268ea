package glia.model.spec;

import glia.tensor.kernel.Activation;

/// The use of per-layer embeddings in a layer: `down(f(gate(x)) ⊙ p)`, where p is the layer's vector of
/// `PerLayerEmbeddings`. https://ai.google.dev/gemma/docs/gemma-3n#ple-caching
///
/// @param layer the index of the layer
/// @param size S, the size of p
public record PerLayerEmbedding(int layer, int size, Activation activation) implements Mixer {
    public PerLayerEmbedding {
        NumberRange.COUNT.require("layer", layer);
        NumberRange.SIZE.require("per-layer embedding size", size);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.GATE, size, hidden);
        shapes.add(Role.DOWN, hidden, size);
    }

    @Override
    public String describe() {
        return "per-layer embedding of " + size + ", gated, " + Labels.of(activation);
    }
}

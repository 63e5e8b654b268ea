package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// Lets a layer hear what it is told of the token itself: `down(f(gate(x)) · p)`, where p are the layer's numbers of
/// `PerLayerEmbeddings`.
///
/// @param layer whose numbers
/// @param size S, how many
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
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "gate for " + size + " numbers of the token, " + Labels.of(activation);
    }
}

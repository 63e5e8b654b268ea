package glia.model.spec;

import java.util.List;

/// `down(f(scale · gate(x)) ⊙ up(x))`, a gated MLP with a fixed factor of its gate, from µP
/// (https://arxiv.org/abs/2203.03466).
public record ScaledGatedMlp(GatedMlp mlp, float scale) implements Mixer {
    public ScaledGatedMlp {
        NumberRange.FACTOR.require("gate factor", scale);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        mlp.parameters(shapes, hidden);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return mlp.describe() + ", gates × " + scale;
    }
}

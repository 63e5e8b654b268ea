package glia.model.spec;

import java.util.List;

/// A mixture of experts that a fixed table chooses by the token; the router only weights them.
/// https://arxiv.org/abs/2106.04426
public record HashedExperts(Experts experts, int vocabSize) implements Mixer {
    public HashedExperts {
        NumberRange.SIZE.require("vocabulary size", vocabSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        experts.parameters(shapes, hidden);
        shapes.add(Role.ROUTER_TABLE, vocabSize, experts.numActive());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return experts.describe() + ", chosen by the token";
    }
}

package glia.model.spec;

import java.util.List;

/// A mixture of experts with separate norms for the experts and the router: `Σ_j w_j · s_j · expert_j(norm(x))`. The
/// router's logits are `W · (unit(x) ⊙ r) / √D`; s is a learned scale per expert. https://arxiv.org/abs/2401.04088 has
/// the plain form.
///
/// @param norm the norm of the experts' input
public record NormedExperts(Experts experts, Norm.Rms norm) implements Mixer {
    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.norm(norm, Role.EXPERT_NORM, Role.EXPERT_NORM, hidden);
        shapes.add(Role.ROUTER_NORM, hidden);
        experts.parameters(shapes, hidden);
        shapes.add(Role.EXPERT_SCALE, experts.numExperts());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return experts.describe() + ", normalized inputs";
    }
}

package glia.model.spec;

import java.util.List;

/// Learned augmented residual (LAuReL, https://arxiv.org/abs/2411.07501): `x + norm(B A x)` with matrices of low rank.
///
/// @param rank the rows of A
public record AugmentedResidual(int rank, Norm.Rms norm) implements Mixer {
    public AugmentedResidual {
        NumberRange.SIZE.require("rank of the augmented residual", rank);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.DOWN, rank, hidden);
        shapes.add(Role.UP, hidden, rank);
        shapes.add(Role.RESIDUAL_NORM, hidden);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "learned augmented residual of rank " + rank;
    }
}

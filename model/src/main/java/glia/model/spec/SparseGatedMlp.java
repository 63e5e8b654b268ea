package glia.model.spec;

import java.util.List;

/// A gated MLP most of whose gates are 0, `down(f(cut(gate(x))) ⊙ up(x))`: of the gates, taken as normally distributed,
/// only the largest pass, with what exceeds their quantile (see `DeviationCut`).
///
/// @param sparsity the part of the gates that becomes 0
public record SparseGatedMlp(GatedMlp mlp, double sparsity) implements Mixer {
    public SparseGatedMlp {
        if (!(sparsity > 0 && sparsity < 1)) {
            throw new IllegalArgumentException("sparsity of gates: found " + sparsity
                    + ", expected a number between 0 and 1");
        }
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
        return mlp.describe() + ", " + sparsity + " of the gates 0";
    }
}

package glia.model.spec;

import glia.tensor.kernel.Scores;
import java.util.List;

/// Differential attention (https://arxiv.org/abs/2410.05258): a value head is a pair of projected ones, j and
/// `j + K/2`, for the key heads j and `j + K/2` alike. The second half of the heads is subtracted from the first:
/// `W_o · (1 - first) · unit(A - λ · B)`, with an RMS norm of each pair of heads without weights and one learned
/// `λ = exp(q₁·k₁) - exp(q₂·k₂) + first` a layer.
///
/// @param attention the sizes, with an even number of key-value heads
/// @param first the value that λ begins near
/// @param eps epsilon of the norm
public record DifferentialAttention(Attention attention, float first, float eps) implements Mixer {
    public DifferentialAttention {
        boolean plain = attention.norm() instanceof QkNorm.None && attention.scores() instanceof Scores.Plain
                && attention.temperature() instanceof Temperature.Constant
                && attention.gating() == Attention.Gating.NONE;
        if (attention.numKeyValueHeads() % 2 != 0 || !plain) {
            throw new IllegalArgumentException("differential attention needs an even number of key-value heads, plain "
                    + "scores and no norms of heads, not " + attention.describe());
        }
        NumberRange.FRACTION.require("first lambda", first);
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        attention.parameters(shapes, hidden);
        for (Role role : List.of(Role.FIRST_QUERY, Role.FIRST_KEY, Role.SECOND_QUERY, Role.SECOND_KEY)) {
            shapes.add(role, attention.headSize());
        }
    }

    /// Keys, and for each of them the pair of values.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(attention.keyValueSize(), 2 * attention.keyValueSize(),
                attention.span()));
    }

    @Override
    public String describe() {
        return "differential " + attention.describe();
    }
}

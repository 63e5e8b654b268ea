package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// `down(f(up(x)))`.
public record Mlp(int intermediateSize, Activation activation, Bias bias) implements Mixer {
    public Mlp {
        NumberRange.SIZE.require("MLP width", intermediateSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.linear(Role.UP, Role.UP_BIAS, bias.ofInputs(), intermediateSize, hidden);
        shapes.linear(Role.DOWN, Role.DOWN_BIAS, bias.ofOutput(), hidden, intermediateSize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "MLP, " + intermediateSize + " wide, " + Labels.of(activation);
    }
}

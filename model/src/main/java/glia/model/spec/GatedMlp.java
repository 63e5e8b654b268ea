package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// `down(f(gate(x)) · up(x))`. https://arxiv.org/abs/2002.05202
public record GatedMlp(int intermediateSize, Activation activation, Bias bias) implements Mixer {
    public GatedMlp {
        NumberRange.SIZE.require("MLP width", intermediateSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean inputs = bias.ofInputs();
        shapes.linear(Role.GATE, Role.GATE_BIAS, inputs, intermediateSize, hidden);
        shapes.linear(Role.UP, Role.UP_BIAS, inputs, intermediateSize, hidden);
        shapes.linear(Role.DOWN, Role.DOWN_BIAS, bias.ofOutput(), hidden, intermediateSize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "gated MLP, " + intermediateSize + " wide, " + Labels.of(activation);
    }
}

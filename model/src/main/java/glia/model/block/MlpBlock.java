package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Mixer;
import glia.model.spec.Role;

/// Multi-layer perceptrons, gated (https://arxiv.org/abs/2002.05202) and not.
final class MlpBlock {
    private MlpBlock() { }

    /// `down(f(gate(x)) · up(x))`.
    static Block of(Mixer.GatedMlp spec, Weights weights, int sublayer) {
        boolean bias = spec.bias() != Bias.NONE;
        Block gate = Projection.of(weights, sublayer, Role.GATE, Role.GATE_BIAS, bias);
        Block up = Projection.of(weights, sublayer, Role.UP, Role.UP_BIAS, bias);
        Block down = Projection.of(weights, sublayer, Role.DOWN, Role.DOWN_BIAS, spec.bias() == Bias.ALL);
        return (ops, x, pass, states) -> down.forward(ops, ops.gated(gate.forward(ops, x, pass, states),
                up.forward(ops, x, pass, states), spec.activation()), pass, states);
    }

    /// `down(f(up(x)))`.
    static Block of(Mixer.Mlp spec, Weights weights, int sublayer) {
        Block up = Projection.of(weights, sublayer, Role.UP, Role.UP_BIAS, spec.bias() != Bias.NONE);
        Block down = Projection.of(weights, sublayer, Role.DOWN, Role.DOWN_BIAS, spec.bias() == Bias.ALL);
        return (ops, x, pass, states) ->
                down.forward(ops, ops.activate(up.forward(ops, x, pass, states), spec.activation()), pass, states);
    }
}

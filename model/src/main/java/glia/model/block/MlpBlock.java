package glia.model.block;

import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer.SparseGatedMlp;
import glia.model.spec.Mixer.XieluMlp;
import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation.NormalDistribution;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.LimitedGate;
import glia.tensor.ops.row.Pointwise.DeviationCut;
import glia.tensor.ops.row.Pointwise.Xielu;

/// MLPs with a gate (https://arxiv.org/abs/2002.05202) and without.
final class MlpBlock {
    private MlpBlock() { }

    /// `down(f(gate(x)) · up(x))`.
    static Block of(GatedMlp spec, Weights weights, Place place) {
        return of(new ScaledGatedMlp(spec, 1), weights, place);
    }

    /// `down(f(scale · gate(x)) · up(x))`.
    static Block of(ScaledGatedMlp scaled, Weights weights, Place place) {
        return of(scaled.mlp(), new Norm.None(), weights, place,
                (ops, gate) -> scaled.scale() == 1 ? gate : ops.scale(gate, scaled.scale()));
    }

    /// `down(f(cut(gate(x))) · up(x))`.
    static Block of(SparseGatedMlp sparse, Weights weights, Place place) {
        float factor = (float) NormalDistribution.quantile(sparse.sparsity());
        return of(sparse.mlp(), new Norm.None(), weights, place,
                (ops, gate) -> ops.apply(new DeviationCut(gate, factor)));
    }

    /// `down(norm(f(gate(x)) · up(x)))`.
    static Block of(GatedMlp spec, Norm subNorm, Weights weights, Place place) {
        return of(spec, subNorm, weights, place, (ops, gate) -> gate);
    }

    /// A function of the gates before the activation.
    private interface Gates {
        Tensor of(Ops ops, Tensor gate);
    }

    private static Block of(GatedMlp spec, Norm subNorm, Weights weights, Place place, Gates gates) {
        Block norm = NormBlock.of(subNorm, weights, place, Role.SUB_NORM, Role.SUB_NORM);
        boolean bias = spec.bias().ofInputs();
        Projections maps = Projections.of(weights, place, Role.GATE, Role.UP);
        Projections both = bias ? maps.with(weights, place, Role.GATE_BIAS, Role.UP_BIAS) : maps;
        Block down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, spec.bias().ofOutput());
        return (ops, x, pass, states) -> {
            Tensor[] projected = both.forward(ops, x);
            Tensor inner = ops.gated(gates.of(ops, projected[0]), projected[1], spec.activation());
            return down.forward(ops, norm.forward(ops, inner, pass, states), pass, states);
        };
    }

    /// `down(form(gate(x), up(x)))`.
    static Block of(LimitedMlp spec, Weights weights, Place place) {
        Projections both = Projections.of(weights, place, Role.GATE, Role.UP);
        Block down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, false);
        return (ops, x, pass, states) -> {
            Tensor[] projected = both.forward(ops, x);
            return down.forward(ops, ops.apply(new LimitedGate(projected[0], projected[1], spec.form())), pass,
                    states);
        };
    }

    /// `down(f(s · up(x)) / s)`.
    static Block of(Mlp spec, Weights weights, Place place) {
        Block up = Projection.of(weights, place, Role.UP, Role.UP_BIAS, spec.bias().ofInputs());
        Block down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, spec.bias().ofOutput());
        float steepness = spec.steepness();
        Block scaled = up.scaled(steepness);
        Block inner = ((Block) (ops, x, pass, states) ->
                ops.activate(scaled.forward(ops, x, pass, states), spec.activation())).scaled(1 / steepness);
        return (ops, x, pass, states) -> down.forward(ops, inner.forward(ops, x, pass, states), pass, states);
    }

    /// `down(xIELU(up(x)))`.
    static Block of(XieluMlp spec, Weights weights, Place place) {
        Weight up = weights.get(place, Role.UP);
        Weight down = weights.get(place, Role.DOWN);
        Weight positive = weights.get(place, Role.POSITIVE_SLOPE);
        Weight negative = weights.get(place, Role.NEGATIVE_SLOPE);
        Weight common = weights.get(place, Role.COMMON_SLOPE);
        Weight limit = weights.get(place, Role.SLOPE_LIMIT);
        return (ops, x, pass, states) ->
                ops.linear(ops.apply(new Xielu(ops.linear(x, up), positive, negative, common, limit)), down);
    }
}

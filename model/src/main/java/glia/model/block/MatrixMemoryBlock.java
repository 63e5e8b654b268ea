package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.MatrixMemory;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Norms.Center;
import glia.tensor.ops.row.Norms.GroupRmsNorm;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Elementwise.SoftCap;
import glia.tensor.ops.scan.MatrixMemoryScan;

/// The mLSTM of xLSTM (https://arxiv.org/abs/2405.04517): `out(σ(gate(x)) ⊙ norm(scan(q, k, v, cap(i), cap(f))))`.
final class MatrixMemoryBlock implements Block {
    private final MatrixMemory spec;
    private final Place place;
    private final Projections projections;
    private final Block inputGate;
    private final Block forgetGate;
    private final Weight norm;
    /// Adds the bias of the head norm, if there is one.
    private final Block normBias;
    private final Block output;

    MatrixMemoryBlock(MatrixMemory spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        boolean biased = spec.bias() != Bias.NONE;
        Projections plain = Projections.of(weights, place, Role.QUERY, Role.KEY, Role.VALUE, Role.GATE);
        projections = biased ? plain.with(weights, place, Role.QUERY_BIAS, Role.KEY_BIAS, Role.VALUE_BIAS,
                Role.GATE_BIAS) : plain;
        inputGate = Projection.of(weights, place, Role.INPUT_GATE, Role.INPUT_GATE_BIAS, true);
        forgetGate = Projection.of(weights, place, Role.FORGET_GATE, Role.FORGET_GATE_BIAS, true);
        norm = weights.get(place, Role.GATED_NORM);
        Weight bias = biased ? weights.get(place, Role.GATED_NORM_BIAS) : Weight.ABSENT;
        normBias = (ops, x, pass, states) -> biased ? ops.addBias(x, bias) : x;
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, biased);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor[] in = projections.forward(ops, x);
        Tensor i = ops.apply(new SoftCap(inputGate.forward(ops, x, pass, states), spec.gateCap()));
        Tensor f = ops.apply(new SoftCap(forgetGate.forward(ops, x, pass, states), spec.gateCap()));
        Tensor y = ops.apply(new MatrixMemoryScan(in[0], in[1], in[2], i, f, spec.divisorEps(),
                states.recurrence(place, 0), pass.runs()));
        Tensor normed = ops.apply(new GroupRmsNorm(ops.apply(new Center(y, spec.valueSize())), norm, spec.numHeads(),
                spec.eps()));
        return output.forward(ops, ops.apply(new SigmoidGate(normBias.forward(ops, normed, pass, states), in[3])), pass,
                states);
    }
}

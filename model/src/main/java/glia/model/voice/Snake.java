package glia.model.voice;

import glia.io.CheckpointException;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;

/// Snake, an activation for periodic signals (https://arxiv.org/abs/2006.08195), with two learned numbers for each
/// channel: `x + sin²(x · e^α) / (e^β + 10⁻⁹)`.
record Snake(Weight frequency, Weight size) {
    private static final double TINY = 1e-9;

    /// @param name of the tensors `alpha` and `beta`
    static Snake of(VoiceTensors tensors, String name, int channels) throws CheckpointException {
        return new Snake(tensors.weight(name + ".alpha", channels), tensors.weight(name + ".beta", channels));
    }

    Tensor of(Ops ops, Tensor x) {
        Value in = new Value(ops, x);
        Value waves = in.times(new Value(ops, ops.embed(frequency, new int[1], 1)).exp())
                .apply(angle -> new ElementwiseMap(angle, v -> Math.sin(v) * Math.sin(v), v -> Math.sin(2 * v)));
        return in.plus(waves.dividedBy(new Value(ops, ops.embed(size, new int[1], 1)).exp().plus(TINY))).tensor();
    }
}

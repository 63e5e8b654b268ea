package glia.model.block;

import glia.model.spec.Lightning;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.SigmoidGate;
import glia.tensor.ops.row.SliceColumns;
import glia.tensor.ops.scan.LightningScan;

/// Lightning attention: https://arxiv.org/abs/2401.04658.
final class LightningBlock implements Block {
    private final Lightning spec;
    private final Place place;
    private final float[] slopes;
    private final Weight input;
    private final Weight gate;
    private final Weight norm;
    private final Weight output;

    LightningBlock(Lightning spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        slopes = spec.slopes();
        input = weights.get(place, Role.INPUT);
        gate = weights.get(place, Role.GATE);
        norm = weights.get(place, Role.GATED_NORM);
        output = weights.get(place, Role.OUTPUT);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor all = ops.activate(ops.linear(x, input), spec.activation());
        int size = spec.headSize();
        Tensor q = ops.apply(new SliceColumns(all, 3 * size, 0, size));
        Tensor k = ops.apply(new SliceColumns(all, 3 * size, size, size));
        Tensor v = ops.apply(new SliceColumns(all, 3 * size, 2 * size, size));
        Tensor heads = ops.apply(new LightningScan(q, k, v, slopes, states.recurrence(place, 0), pass.runs()));
        Tensor normed = ops.rmsNorm(heads, norm, spec.eps(), 0);
        return ops.linear(ops.apply(new SigmoidGate(normed, ops.linear(x, gate))), output);
    }
}

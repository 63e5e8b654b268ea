package glia.model.block;

import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.SliceColumns;

/// `down(f(gate(x)) · p)` with the layer's per-layer embedding p.
final class PerLayerEmbeddingBlock implements Block {
    private final PerLayerEmbedding spec;
    private final Block gate;
    private final Block down;

    PerLayerEmbeddingBlock(PerLayerEmbedding spec, Weights weights, Place place) {
        this.spec = spec;
        gate = Projection.of(weights, place, Role.GATE, Role.GATE_BIAS, false);
        down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, false);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor own = ops.apply(SliceColumns.of(pass.crossLayer().perLayer(), spec.layer() * spec.size(),
                spec.size()));
        return down.forward(ops, ops.gated(gate.forward(ops, x, pass, states), own, spec.activation()), pass, states);
    }
}

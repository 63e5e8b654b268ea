package glia.model.block;

import glia.tensor.Tensor;
import glia.tensor.ops.Ops;

/// A part of a model: `[N, D]` in, `[N, D]` out. Blocks own weights and no state.
@FunctionalInterface
interface Block {
    Tensor forward(Ops ops, Tensor x, Pass pass, States states);

    /// This block with its output multiplied by a factor.
    default Block scaled(float factor) {
        return factor == 1 ? this : (ops, x, pass, states) -> ops.scale(forward(ops, x, pass, states), factor);
    }
}

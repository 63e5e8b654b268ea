package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.Linear;
import glia.tensor.ops.row.Sums.Sum;

/// Adapters whose inputs have dropout.
final class AdapterInputs {
    private AdapterInputs() { }

    /// As PEFT, with x' = dropout(x): `W · x + scale · B · A · x'`, with magnitudes of factors g
    /// `W · x + (g - 1) · W · x' + scale · g · B · A · x'`, which is `W · x + adapted(x') - W · x'`.
    ///
    /// @param place of the mask
    static Tensor linear(Ops ops, Tensor x, LowRank w, int place) {
        Tensor base = ops.linear(x, w.base());
        Tensor dropped = ops.dropout(x, Ops.Dropped.ADAPTER, place);
        if (w.magnitudes().isPresent()) {
            Tensor adapted = ops.apply(new Linear(dropped, w));
            return ops.apply(new Sum(ops.apply(new Sum(base, 1, adapted, 1)), 1, ops.linear(dropped, w.base()), -1));
        }
        Tensor update = ops.linear(ops.linear(dropped, w.a()), w.b());
        if (w.bias().isPresent()) {
            update = ops.addBias(update, w.bias().get());
        }
        return ops.apply(new Sum(base, 1, update, w.scale()));
    }
}

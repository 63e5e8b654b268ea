package glia.model.block;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;

/// The experts of each token, `[V, k]`.
record ExpertTable(Weight weight) {
    /// The experts of some tokens, one token after the other.
    int[] of(int[] tokens, int count) {
        Tensor table = Compute.stored(weight);
        int[] experts = new int[count * table.cols()];
        for (int i = 0; i < experts.length; i++) {
            experts[i] = (int) table.get((long) tokens[i / table.cols()] * table.cols() + i % table.cols());
        }
        return experts;
    }
}

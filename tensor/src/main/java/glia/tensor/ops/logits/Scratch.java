package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.ops.Tape;
import java.util.ArrayList;
import java.util.List;

/// Scratch matrices of a backward pass that a loop over tiles uses again in each round.
final class Scratch {
    private final Tape tape;
    private final List<Tensor> tensors = new ArrayList<>();
    private int used;

    Scratch(Tape tape) {
        this.tape = tape;
    }

    /// Starts a round.
    void restart() {
        used = 0;
    }

    /// The next matrix of a round. A round requests the same sizes as the first, or for smaller ones.
    Tensor allocate(int rows, int cols) {
        if (used == tensors.size()) {
            tensors.add(tape.scratch(rows, cols));
        }
        Tensor t = tensors.get(used++);
        return TileViews.matrix(t, rows, cols);
    }
}

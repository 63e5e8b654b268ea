package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// The matrices of several heads in one weight, `[H·S, C]`: the matrix of a head is `count` of its S rows. The views
/// are created once, since kernels may keep a packed form for each.
public final class HeadWeights {
    private final Weight weight;
    private final int stride;
    private final int from;
    private final Weight[] heads;

    /// @param from the first used row of a head
    /// @throws IllegalArgumentException if the weight does not have this number of heads and rows
    public HeadWeights(Weight weight, int numHeads, int from, int count) {
        this.weight = weight;
        this.from = from;
        int rows = weight.rows();
        if (numHeads < 1 || rows % numHeads != 0 || from < 0 || count < 1 || from + count > rows / numHeads) {
            throw new IllegalArgumentException("rows " + from + " to " + (from + count) + " of each of " + numHeads
                    + " heads in a weight of " + rows + " rows");
        }
        stride = rows / numHeads;
        heads = new Weight[numHeads];
        for (int h = 0; h < numHeads; h++) {
            int first = h * stride + from;
            heads[h] = weight.rows(first, first + count);
        }
    }

    /// The weight that holds all matrices.
    Weight weight() {
        return weight;
    }

    public int numHeads() {
        return heads.length;
    }

    /// The rows of a head's matrix.
    public int rows() {
        return heads[0].rows();
    }

    public int cols() {
        return heads[0].cols();
    }

    /// The matrix of a head, `[rows(), cols()]`.
    Weight matrix(int head) {
        return heads[head];
    }

    /// Computes `dW_h += dyᵀ · x`.
    void addGradient(Tape tape, int head, Tensor dy, Tensor x) {
        tape.products().addWeightGradient(tape, weight, head * stride + from, dy, x);
    }
}

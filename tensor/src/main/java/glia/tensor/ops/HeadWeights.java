package glia.tensor.ops;

import glia.tensor.CodedMatrix;
import glia.tensor.Matrix;
import glia.tensor.Tensor;

/// The matrices of several heads in one weight, `[H·S, C]`: the matrix of a head is `count` of its S rows. They are
/// views that are made once, since kernels may keep a form of their own for each.
public final class HeadWeights {
    private final Weight weight;
    private final int stride;
    private final int from;
    private final Matrix[] matrices;

    /// @param from the first of a head's rows that count
    /// @throws IllegalArgumentException if the weight is not made of as many heads with as many rows
    public HeadWeights(Weight weight, int numHeads, int from, int count) {
        this.weight = weight;
        this.from = from;
        Matrix all = weight.matrix();
        if (numHeads < 1 || all.rows() % numHeads != 0 || from < 0 || count < 1
                || from + count > all.rows() / numHeads) {
            throw new IllegalArgumentException("rows " + from + " to " + (from + count) + " of each of " + numHeads
                    + " heads in " + all);
        }
        stride = all.rows() / numHeads;
        matrices = new Matrix[numHeads];
        for (int h = 0; h < numHeads; h++) {
            int first = h * stride + from;
            matrices[h] = switch (all) {
                case Tensor t -> t.rows(first, first + count);
                case CodedMatrix c -> c.rows(first, count, 1);
            };
        }
    }

    /// The weight that holds all matrices.
    Weight weight() {
        return weight;
    }

    public int numHeads() {
        return matrices.length;
    }

    /// The rows of a head's matrix.
    public int rows() {
        return matrices[0].rows();
    }

    public int cols() {
        return matrices[0].cols();
    }

    /// The matrix of a head, `[rows(), cols()]`.
    Matrix matrix(int head) {
        return matrices[head];
    }

    /// The gradient of a head's matrix.
    Tensor gradient(Tape tape, int head) {
        return tape.gradient(weight).rows(head * stride + from, head * stride + from + rows());
    }
}

package glia.model.quant;

import glia.tensor.QuantizedMatrix;
import java.util.Arrays;
import java.util.function.IntFunction;

/// A quantized weight of several stored tensors (codes, scales…), seen as the single tensor that it represents: a
/// matrix `[R,K]`, or a stack `[X,R,K]` with one matrix per expert.
///
/// @param shape the represented shape
/// @param isTransposed whether the shape is that of transposed matrices: `[K,R]`, `[X,K,R]`
/// @param matrices the matrices `[R,K]` by index in the stack
public record PackedTensor(long[] shape, boolean isTransposed, IntFunction<QuantizedMatrix> matrices) {
    /// A single matrix.
    static PackedTensor of(QuantizedMatrix matrix) {
        return new PackedTensor(new long[] {matrix.rows(), matrix.cols()}, false, i -> matrix);
    }

    /// A view with the last two dimensions transposed.
    public PackedTensor transposed() {
        long[] transposed = shape.clone();
        transposed[shape.length - 2] = shape[shape.length - 1];
        transposed[shape.length - 1] = shape[shape.length - 2];
        return new PackedTensor(transposed, !isTransposed, matrices);
    }

    /// Rows `from`, `from + step`, …, `count` of them, of the one matrix or of each in the stack.
    ///
    /// @throws IllegalArgumentException if it is transposed: the codes of a row are contiguous
    public PackedTensor rows(int from, int count, int step) {
        requireStraight();
        long[] part = shape.clone();
        part[shape.length - 2] = count;
        return new PackedTensor(part, false, i -> matrices.apply(i).rows(from, count, step));
    }

    /// One matrix of a stack.
    public PackedTensor at(int index) {
        if (shape.length != 3 || index < 0 || index >= shape[0]) {
            throw new IndexOutOfBoundsException("matrix " + index + " of " + this);
        }
        return new PackedTensor(new long[] {shape[1], shape[2]}, isTransposed, i -> matrices.apply(index));
    }

    /// The matrix for matrix multiplication.
    ///
    /// @throws IllegalArgumentException if it is a stack or transposed
    public QuantizedMatrix matrix() {
        requireStraight();
        if (shape.length != 2) {
            throw new IllegalArgumentException("a stack of matrices is none");
        }
        return matrices.apply(0);
    }

    private void requireStraight() {
        if (isTransposed) {
            throw new IllegalArgumentException("packed matrices cannot be transposed");
        }
    }

    @Override
    public String toString() {
        return "packed" + Arrays.toString(shape);
    }
}

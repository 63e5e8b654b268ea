package glia.model.quant;

import glia.tensor.QuantizedMatrix;
import java.util.Arrays;
import java.util.function.IntFunction;

/// A weight that a checkpoint holds as codes and scales, seen as the one tensor that it stands for: a matrix `[R,K]`
/// or a stack of matrices `[X,R,K]`, one for each expert.
///
/// @param shape of the tensor
/// @param isTransposed whether the shape has the matrices transposed: `[K,R]`, `[X,K,R]`
/// @param matrices the matrices `[R,K]` by their number in the stack
public record PackedTensor(long[] shape, boolean isTransposed, IntFunction<QuantizedMatrix> matrices) {
    /// One matrix as it is.
    static PackedTensor of(QuantizedMatrix matrix) {
        return new PackedTensor(new long[] {matrix.rows(), matrix.cols()}, false, i -> matrix);
    }

    /// The same, seen with its last two dimensions transposed.
    public PackedTensor transposed() {
        long[] transposed = shape.clone();
        transposed[shape.length - 2] = shape[shape.length - 1];
        transposed[shape.length - 1] = shape[shape.length - 2];
        return new PackedTensor(transposed, !isTransposed, matrices);
    }

    /// Rows `from`, `from + step`, …, `count` of them, of the one matrix or of each in the stack.
    ///
    /// @throws IllegalArgumentException if it is seen transposed: codes of a row lie together
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

    /// The matrix as products take it.
    ///
    /// @throws IllegalArgumentException if it is a stack, or is seen transposed
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

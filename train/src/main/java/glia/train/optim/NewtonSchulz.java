package glia.train.optim;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.lang.foreign.Arena;

/// The quintic Newton–Schulz iteration of [Muon], which moves all singular values of a matrix towards 1:
///
/// ```
/// X = U/‖U‖        G = X·Xᵀ        X ← a·X + (b·G + c·G²)·X
/// ```
/// with (a, b, c) = (3.4445, -4.775, 2.0315). Tall matrices are transposed first. In F32; other codes use BF16.
public final class NewtonSchulz {
    private static final float A = 3.4445f;
    private static final float B = -4.775f;
    private static final float C = 2.0315f;
    private static final double SMALLEST_NORM = 1e-7;

    private NewtonSchulz() { }

    /// The matrix after some steps, in memory of `arena`; `u` may be overwritten.
    public static Tensor orthogonal(Tensor u, int steps, Kernels kernels, Arena arena) {
        boolean tall = u.rows() > u.cols();
        Tensor x = tall ? transposed(u, arena) : u;
        int n = x.rows();
        double norm = Math.sqrt(ParameterUpdate.sumOfSquares(x));
        kernels.scale(x, x, (float) (1 / Math.max(norm, SMALLEST_NORM)));
        Tensor gram = Tensor.allocate(arena, DType.F32, n, n);
        Tensor square = Tensor.allocate(arena, DType.F32, n, n);
        Tensor next = Tensor.allocate(arena, DType.F32, n, x.cols());
        for (int s = 0; s < steps; s++) {
            x.changed();
            kernels.linear(gram, x, x);
            gram.changed();
            kernels.linear(square, gram, gram);
            kernels.scale(square, square, C);
            kernels.add(square, square, gram, B);
            kernels.scale(next, x, A);
            kernels.linearBackwardInput(next, square, x);
            Tensor old = x;
            x = next;
            next = old;
        }
        return tall ? transposed(x, arena) : x;
    }

    private static Tensor transposed(Tensor t, Arena arena) {
        Tensor result = Tensor.allocate(arena, DType.F32, t.cols(), t.rows());
        long from = Memory.address(t.address());
        long to = Memory.address(result.address());
        int rows = t.rows();
        int cols = t.cols();
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                Memory.f32(to + 4 * ((long) c * rows + r), Memory.f32(from + 4 * ((long) r * cols + c)));
            }
        }
        return result;
    }
}

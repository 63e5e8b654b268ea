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
/// Tall matrices are transposed first. In F32.
///
/// @param smallestNorm a matrix of a smaller norm is divided by this
/// @param isRounded whether each of the matrices is rounded to BF16, as those of torch's `Muon` are
public record NewtonSchulz(int steps, double a, double b, double c, double smallestNorm, boolean isRounded) {
    public NewtonSchulz {
        if (steps < 1 || steps > 99) {
            throw new IllegalArgumentException(steps + " Newton–Schulz steps, expected 1 to 99");
        }
        Checks.epsilon(smallestNorm);
    }

    /// (a, b, c) = (3.4445, -4.775, 2.0315).
    public NewtonSchulz(int steps) {
        this(steps, 3.4445, -4.775, 2.0315, 1e-7, false);
    }

    /// The matrix after all steps, in memory of `arena`; `u` may be overwritten.
    public Tensor orthogonal(Tensor u, Kernels kernels, Arena arena) {
        boolean tall = u.rows() > u.cols();
        Tensor x = tall ? transposed(u, arena) : u;
        int n = x.rows();
        round(x, kernels);
        double norm = Math.sqrt(ParameterUpdate.sumOfSquares(x));
        if (isRounded) {
            Tensor rounded = Tensor.allocate(arena, DType.F32, 1, 1);
            rounded.set(0, (float) norm);
            kernels.gradients().roundToBf16(rounded);
            norm = rounded.get(0);
        }
        kernels.scale(x, x, (float) (1 / Math.max(norm, smallestNorm)));
        round(x, kernels);
        Tensor gram = Tensor.allocate(arena, DType.F32, n, n);
        Tensor square = Tensor.allocate(arena, DType.F32, n, n);
        Tensor next = Tensor.allocate(arena, DType.F32, n, x.cols());
        for (int s = 0; s < steps; s++) {
            x.changed();
            kernels.linear(gram, x, x);
            round(gram, kernels);
            gram.changed();
            kernels.linear(square, gram, gram);
            kernels.scale(square, square, (float) c);
            kernels.add(square, square, gram, (float) b);
            round(square, kernels);
            kernels.scale(next, x, (float) a);
            kernels.linearBackwardInput(next, square, x);
            round(next, kernels);
            Tensor old = x;
            x = next;
            next = old;
        }
        return tall ? transposed(x, arena) : x;
    }

    private void round(Tensor t, Kernels kernels) {
        if (isRounded) {
            kernels.gradients().roundToBf16(t);
        }
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

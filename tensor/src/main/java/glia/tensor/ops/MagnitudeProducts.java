package glia.tensor.ops;

import glia.tensor.Memory;
import glia.tensor.Tensor;

/// The column-wise arithmetic of `Magnitudes` on F32 matrices: each column has a factor.
final class MagnitudeProducts {
    private final Workspace workspace;

    MagnitudeProducts(Workspace workspace) {
        this.workspace = workspace;
    }

    /// Computes `y[n,c] *= g[from + c]`.
    void multiply(Tensor y, Tensor g, int from) {
        product(y, y, g, from);
    }

    /// Returns `x[n,c] · g[from + c]` in the workspace.
    Tensor product(Tensor x, Tensor g, int from) {
        Tensor y = workspace.allocate(x.rows(), x.cols());
        product(y, x, g, from);
        return y;
    }

    private static void product(Tensor y, Tensor x, Tensor g, int from) {
        Compute.require(from + x.cols() <= g.size(), "magnitudes", x, g);
        long factors = Memory.address(g.address() + 4L * from);
        long bytes = 4L * x.cols();
        for (int n = 0; n < x.rows(); n++) {
            long in = Memory.address(x.address() + n * bytes);
            long out = Memory.address(y.address() + n * bytes);
            for (long c = 0; c < bytes; c += 4) {
                Memory.f32(out + c, Memory.f32(in + c) * Memory.f32(factors + c));
            }
        }
    }

    /// Computes `dm[from + c] += Σ_n dy[n,c] · y[n,c] · inverse[from + c]` for y before the magnitudes.
    void addGradient(Tensor dm, int from, Tensor dy, Tensor y, Tensor inverse) {
        int cols = dy.cols();
        double[] sums = new double[cols];
        for (int n = 0; n < dy.rows(); n++) {
            long at = 4L * n * cols;
            for (int c = 0; c < cols; c++) {
                sums[c] += (double) Memory.f32(dy.address() + at + 4L * c) * Memory.f32(y.address() + at + 4L * c);
            }
        }
        for (int c = 0; c < cols; c++) {
            dm.set(from + c, (float) (dm.get(from + c) + sums[c] * inverse.get(from + c)));
        }
    }
}

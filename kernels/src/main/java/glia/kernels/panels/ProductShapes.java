package glia.kernels.panels;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;

/// Checks types and shapes before a matrix multiplication, since machine code would access memory out of bounds with
/// others.
public final class ProductShapes {
    private ProductShapes() { }

    /// @throws IllegalArgumentException unless `y = x · wᵀ` has these shapes and x and y are F32
    public static void check(Tensor y, Tensor x, Matrix w) {
        if (x.dtype() != DType.F32 || y.dtype() != DType.F32 || y.rows() != x.rows() || y.cols() != w.rows()
                || x.cols() != w.cols()) {
            throw new IllegalArgumentException("cannot multiply " + x + " and " + w + " in " + y);
        }
    }

    /// @throws IllegalArgumentException unless `dw += dyᵀ · x` has these shapes and all are F32
    public static void checkGradient(Tensor dw, Tensor dy, Tensor x) {
        if (dw.dtype() != DType.F32 || dy.dtype() != DType.F32 || x.dtype() != DType.F32 || dw.rows() != dy.cols()
                || dw.cols() != x.cols() || dy.rows() != x.rows()) {
            throw new IllegalArgumentException("cannot compute the gradient of " + dy + " and " + x + " in " + dw);
        }
    }
}

package glia.kernels.gradient;

import glia.tensor.DType;
import glia.tensor.Tensor;

/// Checks of arguments of row-wise gradients before their addresses are used.
final class Checks {
    private Checks() { }

    /// @throws IllegalArgumentException unless all are F32 and of one size
    static void sameSize(Tensor a, Tensor b, Tensor c) {
        if (a.dtype() != DType.F32 || b.dtype() != DType.F32 || c.dtype() != DType.F32
                || a.size() != b.size() || a.size() != c.size()) {
            throw new IllegalArgumentException(a + ", " + b + " and " + c + " are not F32 of one size");
        }
    }

    /// @throws IllegalArgumentException unless both are F32 and the second has a value for each row of the first
    static void numberForEachRow(Tensor x, Tensor numbers) {
        if (x.dtype() != DType.F32 || numbers.dtype() != DType.F32 || numbers.size() != x.rows()) {
            throw new IllegalArgumentException(numbers + " has not one F32 number for each row of " + x);
        }
    }
}

package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;

/// GEMM of F32 activations with a square F32 matrix: the reference for GEMM with packed weights.
final class F32Product {
    private final Kernels set;
    private final Tensor x;
    private final Tensor y;
    private final Tensor w;

    F32Product(KernelBenchmark benchmark, int tokens, int size) {
        set = benchmark.set;
        x = benchmark.activations(tokens, size);
        y = benchmark.zeros(tokens, size);
        w = benchmark.weight(DType.F32, new Rows.Shape(size, size));
    }

    /// F32 operations of `run`.
    double numOps() {
        return 2.0 * x.rows() * w.size();
    }

    void run() {
        set.linear(y, x, w);
    }
}

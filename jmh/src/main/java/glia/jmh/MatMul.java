package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// The product of F32 activations with a square F32 matrix: what all products of many tokens are measured by.
public class MatMul extends KernelBenchmark {
    /// Rows and columns of the matrix.
    @Param("2048")
    public int size;

    @Param("512")
    public int tokens;

    private Tensor x;
    private Tensor y;
    private Tensor w;

    @Override
    Limit limit() {
        return Limit.FMA;
    }

    @Override
    double prepare() {
        x = activations(tokens, size);
        y = zeros(tokens, size);
        w = weight(DType.F32, new Shape(size, size));
        return 2.0 * tokens * w.size();
    }

    @Benchmark
    public void product(Counters counters) {
        set.linear(y, x, w);
    }
}

package glia.jmh;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// GEMM of F32 activations with a square F32 matrix: the reference for GEMM of many tokens.
public class MatMul extends KernelBenchmark {
    /// Rows and columns of the matrix.
    @Param("2048")
    public int size;

    @Param("512")
    public int tokens;

    private F32Product product;

    @Override
    Limit limit() {
        return Limit.FMA;
    }

    @Override
    double prepare() {
        product = new F32Product(this, tokens, size);
        return product.numOps();
    }

    @Benchmark
    public void product(Limits.Counters counters) {
        product.run();
    }
}

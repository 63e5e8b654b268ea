package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Prefill: GEMM of a prompt's tokens with packed weights. One operation is one matrix multiplication, or those of a
/// whole layer. The GEMM of `MatMul` is measured alongside, as a reference.
public class Prefill extends KernelBenchmark {
    private static final int F32_SIZE = 2048;

    @Param({"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q4_K", "Q6_K", "F16", "BF16", "F32"})
    public DType type;

    /// See `Shape`.
    @Param({Rows.Shape.LAYER_NAME, "2048x2048", "2048x5632", "5632x2048", "2048x256"})
    public String shape;

    @Param("512")
    public int tokens;

    private Tensor[] x;
    private Tensor[] y;
    private Tensor[] weights;
    private Tensor[] scratch;
    private F32Product product;

    @Override
    Limit limit() {
        return Limit.FMA;
    }

    @Override
    double prepare() {
        List<Rows.Shape> shapes = Rows.Shape.parseAll(shape);
        x = shapes.stream().map(s -> activations(tokens, s.cols())).toArray(Tensor[]::new);
        y = shapes.stream().map(s -> zeros(tokens, s.rows())).toArray(Tensor[]::new);
        scratch = shapes.stream().map(s -> zeros(tokens, s.cols())).toArray(Tensor[]::new);
        weights = shapes.stream().map(s -> weight(type, s)).toArray(Tensor[]::new);
        product = new F32Product(this, tokens, F32_SIZE);
        return 2.0 * tokens * shapes.stream().mapToLong(Rows.Shape::size).sum();
    }

    @Override
    double runProduct() {
        product.run();
        return product.numOps();
    }

    @Benchmark
    public void products(Limits.Counters counters) {
        for (int i = 0; i < weights.length; i++) {
            multiply(y[i], x[i], weights[i], scratch[i]);
        }
    }
}

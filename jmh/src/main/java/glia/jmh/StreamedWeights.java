package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Matrix multiplication of few tokens with weights that together far exceed the last-level cache, one after the other,
/// as in decoding. One operation is a pass over all of them.
public abstract class StreamedWeights extends KernelBenchmark {
    @Param({"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q4_K", "Q6_K", "F16", "BF16", "F32"})
    public DType type;

    /// See `Shape`.
    @Param("2048x5632")
    public String shape;

    private Tensor x;
    private Tensor y;
    private Tensor scratch;
    private Tensor[] weights;

    abstract int numTokens();

    @Override
    double prepare() {
        Rows.Shape size = Rows.Shape.parse(shape);
        x = activations(numTokens(), size.cols());
        scratch = zeros(numTokens(), size.cols());
        y = zeros(numTokens(), size.rows());
        long bytes = type.bytes(size.size());
        weights = new Tensor[(int) Math.ceilDiv((long) streamMegabytes << 20, bytes)];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = weight(type, size);
        }
        return weights.length * switch (limit()) {
            case READ -> (double) bytes;
            case FMA -> 2.0 * numTokens() * size.size();
        };
    }

    @Benchmark
    public void products(Limits.Counters counters) {
        for (Tensor w : weights) {
            multiply(y, x, w, scratch);
        }
    }
}

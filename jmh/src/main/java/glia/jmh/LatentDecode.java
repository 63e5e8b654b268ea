package glia.jmh;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Decode with latent attention in absorbed form, at DeepSeek's sizes: all heads attend to the same rows of 512 + 64
/// values, whose first 512 are the values. With 128 heads each row is used in 279,000 operations, so it is measured in
/// operations.
public class LatentDecode extends KernelBenchmark {
    private static final int PAGE_TOKENS = 64;
    private static final int LATENT = 512;
    private static final int ROW = LATENT + 64;

    @Param({"128", "16"})
    public int heads;

    /// Number of positions in the sequence.
    @Param("16384")
    public int context;

    private final Runs runs = new Runs();
    private Tensor q;
    private Tensor y;
    private KeyValues[] rows;
    private AttentionShape shape;

    @Override
    Limit limit() {
        return Limit.FMA;
    }

    @Override
    double prepare() {
        shape = new AttentionShape(heads, 1, ROW, LATENT, (float) (1 / Math.sqrt(192)), new Span.Causal());
        q = activations(1, heads * ROW);
        y = zeros(1, heads * LATENT);
        runs.add(1, context - 1);
        rows = new KeyValues[] {new KeyValues(PAGE_TOKENS, ROW, ROW)};
        rows[0].setLength(context);
        for (int i = 0; i < Math.ceilDiv(context, PAGE_TOKENS); i++) {
            long page = activations(PAGE_TOKENS, ROW).address();
            rows[0].addPage(page, page);
        }
        return 2.0 * heads * context * (ROW + LATENT);
    }

    @Benchmark
    public void attention(Limits.Counters counters) {
        set.attention(y, null, q, rows, runs, shape);
    }
}

package glia.jmh;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Causal attention of a Llama with 1.1 billion parameters: 32 heads of size 64 over 4 key-value heads, with the
/// engine's KV cache pages. Prefill attention is bound by compute and measured in operations. Decode attention is bound
/// by reading keys and values and measured in bytes, over layers that together far exceed the last-level cache.
public class Attention extends KernelBenchmark {
    /// The tokens of the pass.
    public enum Phase {
        /// All positions.
        PREFILL,
        /// The last position only.
        DECODE
    }

    private static final int PAGE_TOKENS = 64;
    private static final int HEADS = 32;
    private static final int KEY_VALUE_HEADS = 4;
    private static final int HEAD_SIZE = 64;
    private static final AttentionShape SHAPE = new AttentionShape(HEADS, KEY_VALUE_HEADS, HEAD_SIZE, HEAD_SIZE,
            (float) (1 / Math.sqrt(HEAD_SIZE)), new Span.Causal());

    @Param
    public Phase phase;

    /// Number of positions in the sequence.
    @Param({"512", "4096"})
    public int context;

    private final Runs runs = new Runs();
    private Tensor q;
    private Tensor y;
    /// The keys and values of the run, for each layer.
    private KeyValues[][] layers;

    @Override
    Limit limit() {
        return switch (phase) {
            case PREFILL -> Limit.FMA;
            case DECODE -> Limit.READ;
        };
    }

    @Override
    double prepare() {
        int keyValueSize = KEY_VALUE_HEADS * HEAD_SIZE;
        int tokens = phase == Phase.PREFILL ? context : 1;
        long layerBytes = 2L * context * keyValueSize * Float.BYTES;
        q = activations(tokens, HEADS * HEAD_SIZE);
        y = zeros(tokens, HEADS * HEAD_SIZE);
        runs.add(tokens, context - tokens);
        layers = new KeyValues[phase == Phase.PREFILL ? 1
                : (int) Math.ceilDiv((long) streamMegabytes << 20, layerBytes)][1];
        for (KeyValues[] layer : layers) {
            layer[0] = new KeyValues(PAGE_TOKENS, keyValueSize, keyValueSize);
            layer[0].setLength(context);
            for (int i = 0; i < Math.ceilDiv(context, PAGE_TOKENS); i++) {
                layer[0].addPage(activations(PAGE_TOKENS, keyValueSize).address(),
                        activations(PAGE_TOKENS, keyValueSize).address());
            }
        }
        return switch (phase) {
            // A score and a weighted value: each a multiplication and an addition for every value of a head.
            case PREFILL -> 4.0 * HEADS * HEAD_SIZE * ((long) context * (context + 1) / 2);
            case DECODE -> (double) layers.length * layerBytes;
        };
    }

    @Benchmark
    public void attention(Limits.Counters counters) {
        for (KeyValues[] layer : layers) {
            set.attention(y, null, q, layer, runs, SHAPE);
        }
    }
}

package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertLinear;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.TearDown;

/// Mixture-of-experts layers with gated experts: the router, the choice of experts, which differs from token to token,
/// and the chosen experts. One operation is a pass over layers that together exceed the last-level cache.
public class ExpertLayer extends KernelBenchmark {
    private static final int NUM_EXPERTS = 64;
    private static final int INPUT_TOKENS = 1024;

    @Param("Q4_0")
    public DType type;

    @Param({"1", "16", "512"})
    public int tokens;

    /// The hidden size.
    @Param("2048")
    public int width;

    /// The width of an expert.
    @Param("1024")
    public int expertWidth;

    /// Number of experts a token.
    @Param("8")
    public int chosen;

    private Compute ops;
    private List<Tensor> inputs;
    private int nextInput;
    private Router router;
    private List<Weight> routers;
    private List<ExpertMlp.Experts> layers;

    /// With one token each weight is read once; more tokens share some weights and are bound by compute.
    @Override
    Limit limit() {
        return tokens == 1 ? Limit.READ : Limit.FMA;
    }

    @Override
    double prepare() {
        ops = new Compute(set, Precision.FAST);
        inputs = IntStream.range(0, Math.clamp(INPUT_TOKENS / tokens, 4, 256))
                .mapToObj(i -> activations(tokens, width)).toList();
        router = Router.plain(chosen, Router.Score.SOFTMAX, Router.Share.NORMALIZED);
        long bytes = 3L * NUM_EXPERTS * type.bytes((long) width * expertWidth);
        int numLayers = (int) Math.ceilDiv((long) streamMegabytes << 20, bytes);
        routers = IntStream.range(0, numLayers).<Weight>mapToObj(
                i -> new Weight.Stored(activations(NUM_EXPERTS, width))).toList();
        layers = IntStream.range(0, numLayers).mapToObj(i -> new ExpertMlp.Experts(
                new MlpForm.Gated(Activation.SILU), bank(expertWidth, width), bank(expertWidth, width),
                bank(width, expertWidth))).toList();
        double products = 3.0 * numLayers * tokens * chosen;
        return switch (limit()) {
            case READ -> products * type.bytes((long) width * expertWidth);
            case FMA -> products * 2 * width * expertWidth;
        };
    }

    private ExpertLinear bank(int rows, int cols) {
        return new ExpertLinear(IntStream.range(0, NUM_EXPERTS).<Weight>mapToObj(e -> new Weight.Stored(
                RandomWeights.make(arena, random, type, rows, cols))).toList(), List.of());
    }

    @Benchmark
    public void layers(Limits.Counters counters) {
        // Other tokens each time, which choose other experts.
        Tensor x = inputs.get(nextInput++ % inputs.size());
        for (int i = 0; i < layers.size(); i++) {
            int mark = ops.mark();
            Routing routing = new Routing(ops.linear(x, routers.get(i)), router, Optional.empty());
            Tensor weights = ops.apply(routing);
            ops.apply(new ExpertMlp(x, weights, routing, layers.get(i), ExpertMlp.Weighting.OUTPUT));
            ops.release(mark);
        }
    }

    @TearDown
    public void closeOps() {
        ops.close();
    }
}

package glia.plan.predict;

import glia.plan.data.Device;

/// The throughput of training, as seconds of a device for a token, added up:
///
/// - products: `6·M` FLOPs (two more if the forward pass is computed again, two fewer if only adapters are trained) at
///   the rate that matrix products reach in the format;
/// - attention: `6·W·s` FLOPs, causal, in 16 bits whatever the format of the products;
/// - norms, activations and residuals: bytes of the memory, `layers · hidden`;
/// - tensor parallelism: four reductions a layer over the links; experts: tokens that are sent to their devices;
///   context parallelism: keys and values of c devices, forward, backward, and their gradients, `6·(c - 1)` bytes for
///   each number of the KV cache;
/// - whichever is longer than all these, smoothly: the host that starts kernels, and the network that gathers weights
///   and adds gradients, with the latency of each ring ([Link]).
///
/// A pipeline of p stages works `v·m / (v·m + p - 1)` of the time, with m micro-batches and v pieces of a stage.
///
/// Source: Efficient Large-Scale Language Model Training on GPU Clusters, https://arxiv.org/abs/2104.04473; Reducing
/// Activation Recomputation, https://arxiv.org/abs/2205.05198
public final class Training {
    /// The part of the rate of measured matrix products that those of a model reach in 16, 8 and 4 bits, where numbers
    /// have to be rounded as well.
    private static final double[] PART = {0.85, 0.75, 0.55};
    /// Products of experts are small.
    private static final double EXPERTS_PART = 0.65;
    private static final double ATTENTION_PART = 0.5;
    /// Widths at which products reach half of their rate.
    private static final double HALF_WIDTH = 500;
    /// Bytes that norms, activations and residuals read and write, forward and backward, for a number of the stream.
    private static final double ELEMENT_BYTES = 120;
    private static final double READ_PART = 0.8;
    private static final double PCIE = 25e9;
    /// The network between nodes has a card for each device, nearly as fast as its PCIe.
    private static final double NETWORK_PART = 0.8;
    private static final int NODE = 8;
    /// The time of a hop between nodes and within one, of NCCL's rings.
    private static final double HOP = 5e-6;
    private static final double NEAR_HOP = 1e-6;
    private static final double LAYER_SECONDS = 0.3e-3;
    private static final double EXPERT_LAYER_SECONDS = 1.2e-3;
    /// Experts that a token is sent to, where only their part is known.
    private static final double CHOSEN = 8;
    private static final double OVERLAP = 2;
    /// A whole run has interruptions, and evaluations between its steps.
    private static final double WHOLE_PART = 0.8;

    private Training() { }

    /// What is computed again in the backward pass.
    public enum Recompute {
        /// Nothing.
        NONE,
        /// Attention.
        SELECTIVE,
        /// The whole forward pass.
        FULL
    }

    /// A run.
    ///
    /// @param framework the family of the program
    /// @param source who publishes the figure; empty for plans
    /// @param precision of the matrix products, such as `BF16` or `MXFP8`
    /// @param devices their number
    /// @param tensor devices that share a layer
    /// @param pipeline stages
    /// @param pieces of a stage (virtual pipeline)
    /// @param context devices that share the tokens of a sequence
    /// @param experts devices that share the experts
    /// @param sharded whether weights are sharded over the devices and gathered for each layer
    /// @param recompute null if not stated
    /// @param sequence tokens of a sequence
    /// @param microBatch sequences at a time on a device
    /// @param micros micro-batches of a step and pipeline
    /// @param adapters whether only adapters are trained
    /// @param whole whether the time is that of a whole run, with its interruptions
    public record Run(Device device, String framework, String source, String precision, double devices, double tensor,
            double pipeline, double pieces, double context, double experts, boolean sharded,
            Recompute recompute, double sequence, double microBatch, double micros, boolean adapters, boolean whole) {
        int bits() {
            return precision.contains("FP4") ? 4 : precision.contains("8") ? 8 : 16;
        }
    }

    /// FLOPs of the model for one token, attention causal: `6·M + 6·W·s`.
    public static double operations(Shape shape, double sequence) {
        return 6 * (shape.active() + shape.width() * sequence);
    }

    /// Tokens per second of a device.
    public static double tokensPerSecond(Effects effects, Shape shape, Run run) {
        double pipes = 1 / (1 + Link.bubble(run.pipeline(), run.pieces(), run.micros()));
        double tokens = run.microBatch() * run.sequence() / (run.tensor() * run.context());
        double computed = products(effects, shape, run) + moved(effects, shape, run);
        double host = shape.layers() / tokens * (shape.isSparse()
                ? EXPERT_LAYER_SECONDS * effects.of("train host", "train host experts")
                : LAYER_SECONDS * effects.of("train host"));
        double network = network(effects, shape, run);
        double longest = Math.pow(Math.pow(computed, OVERLAP) + Math.pow(host, OVERLAP) + Math.pow(network, OVERLAP),
                1 / OVERLAP);
        return effects.of("train", "train by " + run.framework(), "train of " + run.source(),
                run.recompute() == null ? "train recompute" : "train recompute " + run.recompute())
                * (run.whole() ? WHOLE_PART * effects.of("train whole run") : 1)
                * pipes / longest;
    }

    /// Seconds for a token: 6 bytes for each number of the device's part, gathered and added in rings.
    private static double network(Effects effects, Shape shape, Run run) {
        double held = shape.parameters() - shape.experts() * (1 - 1 / run.experts());
        double part = run.tensor() * run.pipeline() * run.context();
        double replicas = Math.max(1, run.devices() / (run.tensor() * run.pipeline()));
        double nodes = Math.clamp(run.devices() / NODE, 1, replicas);
        // What comes into a node once reaches its devices over their links.
        Link link = new Link(0, nodes > 1 ? Math.min(link(run), replicas / nodes * net(run)) : link(run));
        double rings = 3 * shape.layers() / run.pipeline() * effects.of("train latency")
                * (new Link(HOP, 1).ring(nodes, 0) + new Link(NEAR_HOP, 1).ring(replicas / nodes, 0));
        double step = link.seconds(6 * held * run.context()) * effects.of("train network") + rings * part;
        return ((run.sharded() ? 1 / (run.microBatch() * run.sequence()) : 0)
                + 1 / (run.microBatch() * run.micros() * run.sequence())) * step;
    }

    private static double products(Effects effects, Shape shape, Run run) {
        boolean again = run.recompute() == Recompute.FULL;
        double bits = run.bits();
        double width = shape.hidden() / run.tensor();
        double part = PART[bits > 8 ? 0 : bits > 4 ? 1 : 2] * width / (width + HALF_WIDTH * effects.of("train width"))
                * (shape.isSparse() ? EXPERTS_PART : 1) * effects.of("train products",
                "train products " + run.device().kind().word(), "train products " + run.precision(),
                shape.isSparse() ? "train products experts" : "train products dense");
        double attention = (run.recompute() == Recompute.SELECTIVE || again ? 8 : 6) * shape.width() * run.sequence();
        return ((run.adapters() ? 4 : 6) + (again ? 2 : 0)) * shape.active() / (part * run.device().reached(run.bits()))
                + attention / (ATTENTION_PART * run.device().reached(16) * effects.of("train attention",
                "train attention " + run.framework()));
    }

    private static double moved(Effects effects, Shape shape, Run run) {
        double stream = shape.layers() * shape.hidden();
        double elements = ELEMENT_BYTES * stream / (READ_PART * run.device().bandwidth())
                * effects.of("train elements");
        double tensor = 16 * stream * (run.tensor() - 1) / (run.tensor() <= NODE ? link(run) : net(run))
                * effects.of("train tensor");
        double sent = shape.isSparse() && run.experts() > 1 ? 8 * CHOSEN * stream
                / (run.experts() <= NODE ? link(run) : net(run)) * effects.of("train sent") : 0;
        double context = 6 * (run.context() - 1) * shape.cacheNumbers()
                / (run.tensor() * run.context() <= NODE ? link(run) : net(run)) * effects.of("train context");
        return elements + 0.5 * (tensor + sent + context);
    }

    private static double link(Run run) {
        return run.device().link() > 0 ? run.device().link() : PCIE;
    }

    private static double net(Run run) {
        boolean isNear = run.devices() <= NODE || run.device().name().contains("NVL72")
                || run.device().kind() == Device.Kind.TPU;
        return isNear ? link(run) : Math.min(link(run), NETWORK_PART * run.device().pcie());
    }
}

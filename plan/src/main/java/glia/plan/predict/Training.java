package glia.plan.predict;

import glia.plan.data.Device;

/// The throughput of training: `tokens/s of a device = efficiency · rate / FLOPs of a token`, with
/// `6·M + 6·W·s` FLOPs of the model (causal attention), a third more if the forward pass is computed again, and a third
/// less of the parameters' part if only adapters are trained. A pipeline of p stages works `v·m / (v·m + p - 1)` of the
/// time, with m micro-batches and v pieces of a stage.
///
/// Source: Efficient Large-Scale Language Model Training on GPU Clusters, https://arxiv.org/abs/2104.04473
public final class Training {
    private static final double USUAL = 0.4;
    private static final double RATE = 1000e12;
    private static final double TOKENS = 8192;
    private static final double HIDDEN = 4096;

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
    /// @param framework the program
    /// @param precision of the matrix products, such as `BF16` or `MXFP8`
    /// @param devices their number
    /// @param tensor devices that share a layer
    /// @param pipeline stages
    /// @param pieces of a stage (virtual pipeline)
    /// @param experts devices that share the experts
    /// @param sharded whether weights are sharded over the devices and gathered for each layer
    /// @param sequence tokens of a sequence
    /// @param microBatch sequences at a time on a device
    /// @param micros micro-batches of a step and pipeline
    /// @param adapters whether only adapters are trained
    /// @param whole whether the time is that of a whole run, with its interruptions
    public record Run(Device device, String framework, String precision, double devices, double tensor,
            double pipeline, double pieces, double experts, boolean sharded, Recompute recompute, double sequence,
            double microBatch, double micros, boolean adapters, boolean whole) {
        int bits() {
            return precision.contains("FP4") ? 4 : precision.contains("8") ? 8 : 16;
        }
    }

    /// FLOPs of the model for one token, attention causal: `6·M + 6·W·s`.
    public static double operations(Shape shape, double sequence) {
        return 6 * (shape.active() + shape.width() * sequence);
    }

    /// FLOPs that the devices compute for one token.
    static double computed(Shape shape, Run run) {
        double attention = shape.width() * run.sequence();
        double again = switch (run.recompute()) {
            case NONE -> 0;
            case SELECTIVE -> 2 * attention;
            case FULL -> 2 * (shape.active() + attention);
        };
        return (run.adapters() ? 4 : 6) * shape.active() + 6 * attention + again;
    }

    /// Tokens per second of a device.
    public static double tokensPerSecond(Effects effects, Shape shape, Run run) {
        String kind = " " + run.device().kind().word();
        double rate = run.device().rate(run.bits());
        double pipes = run.pipeline() > 1 ? run.pieces() * run.micros()
                / (run.pieces() * run.micros() + run.pipeline() - 1) : 1;
        double efficiency = USUAL * effects.of("train", "train" + kind, "train " + run.precision(),
                "train by " + run.framework(), shape.isSparse() ? "train experts" : "train dense",
                "train recompute " + run.recompute(), run.sharded() ? "train sharded" : "train replicated",
                run.whole() ? "train whole run" : "train steps")
                * effects.power("train rate", Math.log(rate / RATE))
                * effects.power("train rate " + run.bits() + " bits", Math.log(rate / RATE))
                * effects.power("train hidden", Math.log(shape.hidden() / HIDDEN))
                * effects.power("train tokens", Math.log(run.microBatch() * run.sequence() / TOKENS))
                * effects.power("train sequence", Math.log(run.sequence() / TOKENS))
                * effects.power("train devices", Math.log(run.devices()))
                * effects.power("train tensor", Math.log(run.tensor()))
                * effects.power("train pipeline", Math.log(run.pipeline()))
                * effects.power("train expert parallel", Math.log(run.experts()));
        return Math.min(efficiency, 0.95) * rate * pipes / computed(shape, run);
    }
}

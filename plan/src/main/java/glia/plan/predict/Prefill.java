package glia.plan.predict;

/// The time of a prompt: `t = 2·M·P / (n · efficiency · rate) + 2·W·P² / (n · efficiency of attention · rate)`, and
/// scores of attention that are written and read, `c · W·P² / (n · bandwidth)`, where attention is not fused.
///
/// With the layers on several devices, pieces of the prompt pass through them like a pipeline: `n · m / (m + n - 1)`
/// devices work at a time, with m pieces.
///
/// Source: GPipe (the pipeline's bubble), https://arxiv.org/abs/1811.06965
public final class Prefill {
    private static final double PIECE = 512;
    /// Pieces fill the pipeline for each batch of this many tokens again.
    private static final double BATCH = 2048;
    private static final double SCORE_BYTES = 8;
    private static final double HEAD = 128;
    private static final double USUAL = 0.4;
    /// The part of the rate of measured products that engines of servers reach.
    private static final double SERVER = 0.7;
    private static final double RATE = 100e12;
    /// Faster matrix units are used less, as in training.
    private static final double RATE_POWER = -0.3;

    private Prefill() { }

    /// Seconds of a prompt.
    ///
    /// @param tokens of the prompt
    public static double seconds(Effects effects, Setup setup, Shape shape, double tokens) {
        String kind = " " + setup.kind();
        // Engines of servers have kernels for FP8 and FP4; others expand weights and multiply in 16 bits.
        boolean isServer = setup.isServer();
        int bits = !isServer || setup.bits() > 8 ? 16 : setup.bits() > 4 ? 8 : setup.device().fp4() > 0 ? 4 : 16;
        double rate = isServer ? setup.device().rate(bits) : setup.device().rateOfHalves();
        double efficiency = (isServer ? SERVER * setup.device().reached(bits) / rate * effects.of("prefill servers")
                : USUAL * Math.pow(rate / RATE, RATE_POWER) * effects.of("prefill",
                        "prefill" + kind, "prefill" + kind + " " + setup.format())
                        * effects.power("prefill rate" + kind, Math.log(rate / RATE)))
                * effects.of("prefill " + setup.family(), shape.isSparse() ? "prefill experts" : "prefill dense")
                * effects.power("prefill size", Math.log(shape.hidden() / 4096));
        double attention = USUAL * effects.of("prefill attention", "prefill attention" + kind);
        // Without fused attention the scores of each head are written and read.
        double scores = isServer ? 0 : SCORE_BYTES * shape.width() / HEAD * effects.of("prefill scores",
                "prefill scores" + kind) / setup.device().bandwidth();
        double n = setup.devices();
        double pieces = Math.clamp(Math.ceil(tokens / PIECE), 1, BATCH / PIECE);
        double working = setup.split() == Setup.Split.TENSOR ? n : n * pieces / (pieces + n - 1);
        return (2 * shape.active() * tokens / efficiency + 2 * shape.width() * tokens * tokens / attention)
                / (working * rate) + scores * tokens * tokens / working;
    }

    /// Seconds of a prompt with the experts in the memory of CPUs: these compute them, or a GPU does after it has read
    /// all of them over PCIe, whichever is faster.
    ///
    /// @param gpu what computes the rest
    /// @param cpu what holds the experts
    public static double besideCpu(Effects effects, Setup gpu, Setup cpu, Shape shape, double tokens) {
        double onCpu = 2 * shape.chosen() * tokens / (cpu.devices() * cpu.device().rate(16)
                * effects.of("experts compute", "experts compute " + gpu.family()));
        double read = shape.experts() * gpu.bits() / 8 / (gpu.devices() * gpu.device().pcie()
                * effects.of("experts read", "experts read " + gpu.family()));
        double rest = seconds(effects, gpu, shape.withoutExperts(), tokens);
        return Math.min(onCpu, Math.max(read, seconds(effects, gpu, shape, tokens) - rest)) + rest;
    }
}

package glia.plan.predict;

/// The time of a prompt: `t = 2·M·P / (n · efficiency · rate) + 2·W·P² / (n · efficiency of attention · rate)`.
///
/// With the layers on several devices, pieces of the prompt pass through them like a pipeline: `n · m / (m + n - 1)`
/// devices work at a time, with m pieces.
///
/// Source: GPipe (the pipeline's bubble), https://arxiv.org/abs/1811.06965
public final class Prefill {
    private static final double PIECE = 512;
    private static final double USUAL = 0.4;
    private static final double RATE = 100e12;
    /// Faster matrix units are used less, as in training.
    private static final double RATE_POWER = -0.3;

    private Prefill() { }

    /// Seconds of a prompt.
    ///
    /// @param tokens of the prompt
    public static double seconds(Effects effects, Setup setup, Shape shape, double tokens) {
        String kind = " " + setup.kind();
        double rate = setup.device().rate(16);
        double efficiency = USUAL * Math.pow(rate / RATE, RATE_POWER) * effects.of("prefill",
                "prefill" + kind, "prefill " + setup.family(), "prefill" + kind + " " + setup.format(),
                shape.isSparse() ? "prefill experts" : "prefill dense")
                * effects.power("prefill rate" + kind, Math.log(rate / RATE))
                * effects.power("prefill size", Math.log(shape.hidden() / 4096));
        double attention = USUAL * effects.of("prefill attention", "prefill attention" + kind);
        double n = setup.devices();
        double pieces = Math.max(1, Math.ceil(tokens / PIECE));
        double working = setup.split() == Setup.Split.TENSOR ? n : n * pieces / (pieces + n - 1);
        return (2 * shape.active() * tokens / efficiency + 2 * shape.width() * tokens * tokens / attention)
                / (working * rate);
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

package glia.plan.predict;

import glia.plan.data.Device;

/// The time of a generated token, one sequence at a time.
///
/// On GPUs and Apple's chips `t = W / (n · share · bandwidth) + N · a / (n · FP32) + layers · c + cache`: weights are
/// read, expanded, and each layer costs a fixed time of kernels; cached keys and values are read too. On a CPU reading
/// and arithmetic overlap, so the slower of them counts, smoothly: `t = (read^p + work^p)^(1/p)`.
///
/// Source: Efficiently Scaling Transformer Inference (reading weights bounds decoding),
/// https://arxiv.org/abs/2211.05102
public final class Decode {
    private static final double LAYER_SECONDS = 60e-6;
    private static final double REDUCE_SECONDS = 40e-6;
    private static final double USUAL_SHARE_ODDS = 6;
    private static final double EXPANSION = 2;
    /// The part of the peak of 8-bit dot products that kernels reach on weights that have to be unpacked and scaled.
    private static final double CORE_PART = 0.2;
    private static final double OVERLAP = 3;
    private static final int USUAL_CORES = 8;

    private Decode() { }

    /// Seconds of a token.
    ///
    /// @param weightBytes that the token reads, of experts the chosen ones
    /// @param context cached positions, on average
    public static double seconds(Effects effects, Setup setup, Shape shape, double weightBytes, double context) {
        return setup.device().kind() == Device.Kind.CPU ? onCpu(effects, setup, shape, weightBytes, context)
                : onGpu(effects, setup, shape, weightBytes, context);
    }

    /// Seconds of a token with the experts in the memory of CPUs and the rest on GPUs, one after the other.
    ///
    /// @param weightBytes that the token reads in all
    public static double besideCpu(Effects effects, Setup gpu, Setup cpu, Shape shape, double weightBytes,
            double context) {
        double part = shape.chosen() / shape.active();
        Shape experts = new Shape(shape.chosen(), shape.chosen(), 0, 0, shape.layers(), shape.hidden(), 0, 1);
        return onCpu(effects, cpu, experts, part * weightBytes, 0) * effects.of("experts beside",
                "experts beside " + gpu.family()) + onGpu(effects, gpu, shape.withoutExperts(),
                (1 - part) * weightBytes, context);
    }

    private static double onGpu(Effects effects, Setup setup, Shape shape, double weightBytes, double context) {
        Device device = setup.device();
        String kind = " " + setup.kind();
        String engine = " " + setup.family();
        double n = setup.together();
        double odds = USUAL_SHARE_ODDS * effects.of("read", "read" + kind, "read" + engine);
        double bandwidth = n * device.bandwidth() * odds / (1 + odds);
        double read = weightBytes / bandwidth;
        double work = shape.active() * EXPANSION * effects.of("expand" + kind + " " + setup.format(),
                "expand" + engine + " " + setup.format()) / (n * device.fp32());
        double layers = shape.layers() * LAYER_SECONDS * effects.of("layer", "layer" + kind, "layer" + engine,
                shape.isSparse() ? "layer experts" : "layer dense");
        double cache = 2 * shape.cacheNumbers() * context / (n * device.bandwidth()
                * effects.share("cache", "cache" + kind));
        double reduce = n > 1 ? shape.layers() * REDUCE_SECONDS * effects.of("reduce " + setup.linked(),
                "reduce" + engine) : 0;
        return read + work + layers + cache + reduce;
    }

    private static double onCpu(Effects effects, Setup setup, Shape shape, double weightBytes, double context) {
        Device device = setup.device();
        int cores = device.cores() > 0 ? device.cores() : USUAL_CORES;
        int threads = setup.threads() > 0 ? setup.threads() : cores * setup.devices();
        double odds = effects.of("cpu read", "cpu read " + setup.family());
        double read = (weightBytes + 2 * shape.cacheNumbers() * context)
                / (setup.devices() * device.bandwidth() * odds / (1 + odds));
        // Look-up tables take one look-up a bit and group, in place of a product of any width.
        double bits = setup.family().equals("t mac") ? setup.bits() / 4 : 1;
        double work = shape.active() * bits / (threads * CORE_PART * peak(core(device))) * effects.of("cpu work",
                "cpu work " + setup.family() + " " + setup.format(), "cpu work of " + core(device));
        return Math.pow(Math.pow(read, OVERLAP) + Math.pow(work, OVERLAP), 1 / OVERLAP);
    }

    /// Products of 8 bits that a core of a class computes in a second: vector units of 16 bytes, times 16, times clock.
    private static double peak(String core) {
        return switch (core) {
            case "apple" -> 4 * 16 * 3.5e9;
            case "small arm" -> 2 * 16 * 2.4e9;
            case "server arm" -> 4 * 16 * 2.6e9;
            case "server x86" -> 8 * 16 * 2.5e9;
            default -> 4 * 16 * 4e9;
        };
    }

    /// Classes of cores.
    private static String core(Device device) {
        String name = device.name();
        return name.startsWith("Apple") ? "apple" : name.contains("Raspberry") || name.contains("Jetson") ? "small arm"
                : name.contains("Graviton") || name.contains("Ampere") ? "server arm" : device.watts() > 200
                        ? "server x86" : "x86";
    }
}

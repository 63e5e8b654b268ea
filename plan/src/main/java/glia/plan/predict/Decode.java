package glia.plan.predict;

import glia.plan.data.Device;
import java.util.Locale;

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
    /// Layers whose kernels Python starts one by one take so many times longer; with experts, it starts those of each.
    private static final double PYTHON = 8;
    private static final double PYTHON_EXPERTS = 40;
    /// llama.cpp splits the rows of each matrix and sums after each, not twice a layer.
    private static final double ROWS = 3.5;
    private static final double CPU_ODDS = 2.5;
    /// Weights of less than 3 bits take more instructions each.
    private static final double LOW_BITS = 1.5;
    /// A look-up of 4 bits takes half of the time of unpacking and multiplying.
    private static final double TABLE_PART = 0.5;
    private static final double REMOTE_PART = 0.75;
    private static final double APPLE_PART = 0.5;
    private static final double JETSON_PART = 0.25;
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
        double python = !setup.family().equals("transformers") ? 1 : shape.isSparse() ? PYTHON_EXPERTS : PYTHON;
        double layers = shape.layers() * LAYER_SECONDS * python * effects.of("layer", "layer" + kind, "layer" + engine,
                shape.isSparse() ? "layer experts" : "layer dense");
        double cache = 2 * shape.cached(context) / (n * device.bandwidth()
                * effects.share("cache", "cache" + kind));
        // Without links, partial sums pass through the host's memory one device after the other.
        double rounds = setup.linked().equals("linked") ? 1 : n - 1;
        double sums = setup.family().equals("llama.cpp") ? ROWS : 1;
        double reduce = n > 1 ? shape.layers() * REDUCE_SECONDS * rounds * sums
                * effects.of("reduce " + setup.linked(), "reduce" + engine) : 0;
        return read + work + layers + cache + reduce;
    }

    private static double onCpu(Effects effects, Setup setup, Shape shape, double weightBytes, double context) {
        Device device = setup.device();
        int cores = device.cores() > 0 ? device.cores() : USUAL_CORES;
        int threads = setup.threads() > 0 ? setup.threads() : cores * setup.devices();
        double odds = CPU_ODDS * effects.of("cpu read", "cpu read " + setup.family());
        Core core = core(device);
        double read = (weightBytes + 2 * shape.cached(context)) / Math.min(threads * core.read,
                sockets(setup) * device.bandwidth() * odds / (1 + odds));
        // Look-up tables take one look-up a bit and group, in place of a product of any width.
        double unpacked = setup.family().equals("t mac") ? TABLE_PART * setup.bits() / 4
                : setup.bits() < 3 ? LOW_BITS : 1;
        double work = shape.active() * unpacked / (threads * core.weights) * effects.of("cpu work",
                "cpu work " + setup.family() + " " + setup.format(), "cpu work of "
                + core.name().toLowerCase(Locale.ROOT));
        return Math.pow(Math.pow(read, OVERLAP) + Math.pow(work, OVERLAP), 1 / OVERLAP);
    }

    /// The sockets whose memory is read at its full rate. Programs that do not place weights and threads by socket
    /// read half of them through the other one. Cores that share their memory with a GPU reach a part of its rate.
    private static double sockets(Setup setup) {
        boolean places = setup.family().contains("ktransformers") || setup.family().startsWith("kt");
        return (setup.devices() > 1 && !places ? REMOTE_PART : setup.devices())
                * (core(setup.device()) == Core.APPLE ? APPLE_PART : setup.device().name().contains("Jetson")
                        ? JETSON_PART : 1);
    }

    /// Classes of cores.
    private enum Core {
        APPLE(40e9, 40e9), SMALL_ARM(7e9, 12e9), SERVER_ARM(20e9, 15e9), SERVER_X86(25e9, 18e9), X86(30e9, 25e9);

        /// Weights of 4 bits that a core unpacks and multiplies in a second.
        private final double weights;
        /// Bytes that a core alone reads in a second.
        private final double read;

        Core(double weights, double read) {
            this.weights = weights;
            this.read = read;
        }
    }

    private static Core core(Device device) {
        String name = device.name();
        return name.startsWith("Apple") ? Core.APPLE
                : name.contains("Raspberry") || name.contains("Jetson") ? Core.SMALL_ARM
                : name.contains("Graviton") || name.contains("Ampere") ? Core.SERVER_ARM
                : device.watts() > 200 ? Core.SERVER_X86 : Core.X86;
    }
}

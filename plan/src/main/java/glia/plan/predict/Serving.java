package glia.plan.predict;

import glia.plan.data.Device;

/// The throughput of a server under full load: as many sequences at a time as fit beside the weights, a prompt computed
/// for each, one token for all of them per step.
///
/// `step = read + compute + layers · c + reduce`: weights (of experts those that the batch chooses) and the cache are
/// read, 2·M FLOPs a token are computed, layers cost kernels, and tensor parallelism a reduction.
///
/// Source: Efficiently Scaling Transformer Inference, https://arxiv.org/abs/2211.05102
public final class Serving {
    private static final double LAYER_SECONDS = 25e-6;
    /// Routing, permuting and combining are kernels beside the products.
    private static final double EXPERT_LAYER_SECONDS = 60e-6;
    /// The host schedules and samples for each sequence of a step.
    private static final double SEQUENCE_SECONDS = 8e-6;
    /// The part of the memory that weights and caches may take.
    public static final double USABLE_MEMORY = 0.9;
    private static final double ODDS = 3;
    private static final double EFFICIENCY = 0.4;
    /// Training reaches this part of a dense model's efficiency with experts, whose products are small.
    private static final double EXPERTS_PART = 0.65;
    private static final double PCIE = 25e9;
    private static final double RATE = 2000e12;
    /// Faster matrix units are used less, as in training.
    private static final double RATE_POWER = -0.25;
    /// The most sequences at a time.
    public static final int MOST_SEQUENCES = 2048;

    private Serving() { }

    /// What is asked of a server.
    ///
    /// @param prompt tokens of a prompt, on average
    /// @param output tokens of an answer, on average
    /// @param batch sequences at a time; 0 for as many as fit
    /// @param cacheBytes bytes of a cached number
    public record Load(double prompt, double output, double batch, double cacheBytes) { }

    /// The sequences that fit beside the weights; below 1 if the weights do not fit.
    public static double fitting(Setup setup, Shape shape, double weightBytes, Load load) {
        double memory = setup.device().memory().orElse(0) * setup.devices() * USABLE_MEMORY - weightBytes;
        return Math.min(MOST_SEQUENCES, memory / Math.max(1, load.cacheBytes()
                * shape.cached(load.prompt() + load.output())));
    }

    /// What a step and a prompt cost on a setup, whatever the load. Each number is a product of a factor of the setup
    /// and one of the shape.
    ///
    /// @param bandwidth bytes per second at which all devices read
    /// @param computing FLOP/s of all devices
    /// @param layers seconds of the kernels of a step
    /// @param reduce seconds of reductions for each token of a step or prompt
    /// @param host seconds of the host for each sequence of a step
    public record Rates(double bandwidth, double computing, double layers, double reduce, double host) {
        /// Predicts them.
        public static Rates of(Effects effects, Setup setup, Shape shape) {
            double odds = ODDS * effects.of("serve read", "serve read " + setup.kind());
            double layers = shape.layers() * (shape.isSparse() ? EXPERT_LAYER_SECONDS
                    : LAYER_SECONDS) * effects.of("serve layer", sparse(shape, "serve layer"))
                    * effects.power("serve layer devices", Math.log(setup.together()));
            return new Rates(setup.devices() * setup.device().bandwidth() * odds / (1 + odds),
                    Serving.computing(effects, setup, shape), layers, Serving.reduce(effects, setup, shape),
                    SEQUENCE_SECONDS * effects.of("serve host"));
        }

        /// Seconds of a step.
        public double step(Shape shape, double weightBytes, Load load, double batch) {
            double cache = batch * load.cacheBytes() * shape.cached(load.prompt() + load.output() / 2);
            return (weightBytes * shape.partRead(batch) + cache) / bandwidth + 2 * shape.active() * batch / computing
                    + layers + (reduce + host) * batch;
        }

        /// Seconds of a prompt.
        public double prompt(Shape shape, double tokens) {
            return (2 * shape.active() * tokens + 2 * shape.width() * tokens * tokens) / computing + reduce * tokens;
        }
    }

    /// Seconds of a step that makes a token for each of `batch` sequences.
    public static double step(Effects effects, Setup setup, Shape shape, double weightBytes, Load load, double batch) {
        return Rates.of(effects, setup, shape).step(shape, weightBytes, load, batch);
    }

    private static double reduce(Effects effects, Setup setup, Shape shape) {
        double n = setup.together();
        double link = setup.device().link() > 0 ? setup.device().link() : PCIE;
        return n == 1 ? 0 : shape.layers() * 2 * 2 * shape.hidden() * (n - 1) / n / link
                * effects.of("serve reduce", "serve reduce " + setup.linked());
    }

    private static double computing(Effects effects, Setup setup, Shape shape) {
        double rate = setup.device().rate((int) Math.ceil(setup.bits()));
        return setup.devices() * rate * EFFICIENCY * (shape.isSparse() ? EXPERTS_PART : 1)
                * Math.pow(rate / RATE, RATE_POWER) * effects.of("serve compute", "serve compute " + setup.kind(),
                "serve compute " + setup.format(), "serve compute " + setup.family(), sparse(shape, "serve compute"))
                * effects.power("serve compute size", Math.log(shape.hidden() / 8192))
                * effects.power("serve compute rate", Math.log(rate / RATE))
                * effects.power("serve compute devices", Math.log(setup.devices()));
    }

    private static String sparse(Shape shape, String name) {
        return name + (shape.isSparse() ? " experts" : " dense");
    }

    /// Seconds of a prompt.
    public static double prompt(Effects effects, Setup setup, Shape shape, double tokens) {
        return Rates.of(effects, setup, shape).prompt(shape, tokens);
    }

    /// Output tokens per second of all devices.
    public static double outputRate(Effects effects, Setup setup, Shape shape, double weightBytes, Load load) {
        double batch = load.batch() > 0 ? load.batch() : Math.max(1, fitting(setup, shape, weightBytes, load));
        Rates rates = Rates.of(effects, setup, shape);
        double answer = load.output() * rates.step(shape, weightBytes, load, batch);
        return batch * load.output() / (answer + batch * rates.prompt(shape, load.prompt()));
    }
}

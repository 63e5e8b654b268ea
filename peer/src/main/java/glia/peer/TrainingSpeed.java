package glia.peer;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Tokens a second of training steps in Glia and in PyTorch, in turns: forward pass, backward pass, clipping, AdamW.
/// F32 is compared with PyTorch in eager mode and compiled, BF16 with autocast. Each comparison prints a row of a table
/// and a JSON line.
///
///     TrainingSpeed PYTHON training.py ROUNDS [CONFIGURATION...]
///     TrainingSpeed alone ROUNDS [CONFIGURATION...]
public final class TrainingSpeed {
    private static final int THREADS = 2;
    private static final int WARM_UP_ROUNDS = 2;
    /// How long Glia runs before the first turn: the JIT compiler needs hundreds of small steps.
    private static final double WARM_UP_SECONDS = 15;

    private TrainingSpeed() { }

    /// @param args see the class
    public static void main(String[] args) throws Exception {
        boolean alone = args.length > 0 && args[0].equals("alone");
        int given = alone ? 1 : 2;
        if (args.length <= given) {
            System.err.println("usage: (PYTHON training.py | alone) ROUNDS [nano-cpu | char-10m | gpt2-124m]...");
            System.exit(2);
        }
        int rounds = Integer.parseInt(args[given]);
        List<GptConfig> configs = args.length > given + 1
                ? Arrays.stream(args).skip(given + 1).map(GptConfig::of).toList() : List.of(GptConfig.values());
        try (Workers workers = new Workers(THREADS)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            if (alone) {
                for (GptConfig config : configs) {
                    alone(config, kernels, rounds, Precision.EXACT);
                    alone(config, kernels, rounds, Precision.HALF);
                }
                return;
            }
            try (PythonPeer torch = new PythonPeer(List.of(args[0], args[1], "" + THREADS))) {
                System.out.println(THREADS + " threads, kernels " + kernels.name() + ", " + torch.name());
                System.out.println("| tokens a second, median (least, most) | Glia | PyTorch | ratio |");
                System.out.println("|---|--:|--:|--:|");
                for (GptConfig config : configs) {
                    compare(config, kernels, torch, rounds, Precision.EXACT, List.of("eager", "compile"));
                    compare(config, kernels, torch, rounds, Precision.HALF, List.of("autocast", "autocast-compile"));
                }
            }
        }
    }

    private static void alone(GptConfig config, Kernels kernels, int rounds, Precision precision) throws Exception {
        try (TrainingRun run = new TrainingRun(config, kernels, precision)) {
            double[] rates = new double[rounds];
            for (int i = -WARM_UP_ROUNDS; i < rounds; i++) {
                rates[Math.max(i, 0)] = run.rate();
            }
            System.out.println(json(config, precision, kernels, run, rates));
        }
    }

    private static void compare(GptConfig config, Kernels kernels, PythonPeer torch, int rounds, Precision precision,
            List<String> modes) throws Exception {
        List<String> lines = new ArrayList<>();
        try (TrainingRun run = new TrainingRun(config, kernels, precision)) {
            long start = System.nanoTime();
            do {
                run.step();
            } while ((System.nanoTime() - start) / 1e9 < WARM_UP_SECONDS);
            for (String mode : modes) {
                PythonPeer.Turns turns = torch.turns(rounds, run::rate, config.label + " " + mode + " " + config.steps);
                System.out.printf(Locale.ROOT, "| %s, %s, %s | %s | %s | %s |%n", config.label, label(precision), mode,
                        PythonPeer.summary(turns.ours(), 0), PythonPeer.summary(turns.theirs(), 0),
                        PythonPeer.summary(turns.ratios(), 2));
                lines.add(json(config, precision, kernels, run, turns.ours()));
            }
        }
        lines.forEach(System.out::println);
    }

    private static String label(Precision precision) {
        return precision == Precision.HALF ? "BF16" : "F32";
    }

    private static String json(GptConfig config, Precision precision, Kernels kernels, TrainingRun run,
            double[] rates) {
        double[] sorted = rates.clone();
        Arrays.sort(sorted);
        double median = sorted[sorted.length / 2];
        return String.format(Locale.ROOT, "{\"config\": \"%s\", \"precision\": \"%s\", \"kernels\": \"%s\", "
                + "\"threads\": %d, \"parameters\": %d, \"ms_per_step\": %.2f, \"tokens_per_s\": %.0f, "
                + "\"activation_mb\": %.1f, \"loss\": %.4f}", config.label, label(precision), kernels.name(), THREADS,
                run.parameters(), 1e3 * config.tokens() / median, median, run.activationBytes() / 1e6, run.loss());
    }

    /// A training run on random tokens: forward and backward pass, clipping to a norm of 1, AdamW.
    static final class TrainingRun implements AutoCloseable {
        private static final double RATE = 1e-3;
        /// Tokens of a micro-batch at most: their activations fit the processor's caches.
        private static final int MICRO_BATCH = 1024;

        private final GptConfig config;
        private final Model model;
        private final TrainingPass pass;
        private final Optimizer optimizer;
        private final SplittableRandom random = new SplittableRandom(1337);
        private double loss;

        TrainingRun(GptConfig config, Kernels kernels, Precision precision) throws CheckpointException {
            this.config = config;
            model = FreshModel.create(config.spec(), 1337);
            pass = TrainingPass.of(model, kernels, TrainingOptions.defaults().with(precision));
            optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.99), 0.1));
        }

        long parameters() {
            return model.sources().keySet().stream().map(p -> model.weights().get(p)).distinct()
                    .mapToLong(w -> (long) w.rows() * w.cols()).sum();
        }

        double loss() {
            return loss;
        }

        /// Bytes for activations and their gradients.
        long activationBytes() {
            return pass.sizeBytes();
        }

        /// Computes a step.
        void step() {
            float[] weights = new float[config.context];
            Arrays.fill(weights, 1);
            int some = Math.max(1, MICRO_BATCH / config.context);
            loss = 0;
            for (int from = 0; from < config.batch; from += some) {
                TokenBatch batch = new TokenBatch();
                int count = Math.min(some, config.batch - from);
                for (int i = 0; i < count; i++) {
                    int[] ids = random.ints(config.context + 1, 0, config.vocabSize).toArray();
                    batch.addTargets(Arrays.copyOf(ids, config.context), Arrays.copyOfRange(ids, 1, ids.length),
                            weights);
                }
                loss += pass.loss(batch, Loss.CROSS_ENTROPY.scaled((double) count / config.batch));
            }
            double norm = optimizer.gradientNorm(pass.weightGradients());
            optimizer.step(pass.weightGradients(), RATE, GradientNorm.clipFactor(norm, 1));
            pass.zeroGradients();
        }

        /// Computes the configuration's number of steps.
        ///
        /// @return tokens per second of the median step
        double rate() {
            long[] nanos = new long[config.steps];
            for (int i = 0; i < nanos.length; i++) {
                long start = System.nanoTime();
                step();
                nanos[i] = System.nanoTime() - start;
            }
            Arrays.sort(nanos);
            return config.tokens() * 1e9 / nanos[nanos.length / 2];
        }

        @Override
        public void close() {
            optimizer.close();
            pass.close();
            model.close();
        }
    }
}

package glia.jmh;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// Profiles training steps (forward, loss, backward) of small Llamas: the share of each kernel, and of everything
/// outside of kernels; and the memory of activations and their gradients.
///
///     TrainingProfile [--kernels NAME] [--steps N] [--checkpoint SUBLAYERS]
public final class TrainingProfile {
    private static final int SEQUENCE = 512;

    /// @param width the hidden size
    record Size(String name, int width, int mlpWidth, int heads, int layers, int vocabSize, int tokens) {
        String config() {
            return String.format(Locale.ROOT, """
                    {"model_type": "llama", "hidden_size": %d, "intermediate_size": %d, "num_attention_heads": %d,
                    "num_key_value_heads": %d, "num_hidden_layers": %d, "vocab_size": %d, "rms_norm_eps": 1e-5,
                    "max_position_embeddings": %d, "tie_word_embeddings": true, "rope_theta": 10000.0}""",
                    width, mlpWidth, heads, heads, layers, vocabSize, SEQUENCE);
        }
    }

    private static final Size[] SIZES = {
        new Size("12M, V 8k", 384, 1024, 6, 6, 8_192, 1024), new Size("12M, V 32k", 256, 704, 4, 6, 32_000, 1024),
        new Size("41M, V 8k", 640, 1728, 10, 8, 8_192, 2048), new Size("41M, V 32k", 512, 1408, 8, 8, 32_000, 2048)};

    private TrainingProfile() { }

    /// @param args see the class
    public static void main(String[] args) throws CheckpointException {
        String kernels = "best";
        int steps = 3;
        int sublayers = 0;
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--kernels" -> kernels = args[i + 1];
                case "--steps" -> steps = Integer.parseInt(args[i + 1]);
                case "--checkpoint" -> sublayers = Integer.parseInt(args[i + 1]);
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        for (Size size : SIZES) {
            run(size, kernels, steps, sublayers, System.out);
        }
    }

    /// Prints the table of one size.
    ///
    /// @param sublayers between checkpoints of activations; 0 keeps all
    static void run(Size size, String kernels, int steps, int sublayers, PrintStream out) throws CheckpointException {
        SplittableRandom random = new SplittableRandom(1);
        try (Model model = FreshModel.create(Config.parse(Path.of("config.json"), size.config()), 1);
                Workers workers = new Workers(Runtime.getRuntime().availableProcessors())) {
            TimedKernels timed = new TimedKernels(KernelBackends.choose(kernels, workers).kernels());
            try (TrainingPass training = TrainingPass.of(model, timed.kernels(),
                    TrainingOptions.defaults().withCheckpoints(sublayers))) {
                TokenBatch batch = new TokenBatch();
                for (int at = 0; at < size.tokens(); at += SEQUENCE) {
                    batch.add(random.ints(SEQUENCE, 0, size.vocabSize()).toArray());
                }
                training.loss(batch);
                timed.reset();
                long start = System.nanoTime();
                for (int i = 0; i < steps; i++) {
                    training.loss(batch);
                }
                long total = System.nanoTime() - start;
                out.printf(Locale.ROOT, "%s, %d tokens: %.0f ms a step, %d MB for activations%n", size.name(),
                        size.tokens(), total / 1e6 / steps, training.sizeBytes() / 1_000_000);
                print(timed.nanos(), total, out);
            }
        }
    }

    private static void print(Map<String, Long> nanos, long total, PrintStream out) {
        long known = nanos.values().stream().mapToLong(Long::longValue).sum();
        nanos.entrySet().stream().sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .filter(e -> e.getValue() * 1000 > total)
                .forEach(e -> out.printf(Locale.ROOT, "  %5.1f %%  %s%n", 100.0 * e.getValue() / total, e.getKey()));
        out.printf(Locale.ROOT, "  %5.1f %%  outside of kernels%n", 100.0 * (total - known) / total);
    }

    /// A kernel backend that measures the time of each of its methods.
    static final class TimedKernels {
        private final Map<String, Long> nanos = new TreeMap<>();
        private final Kernels kernels;

        /// @param timed the backend to measure
        TimedKernels(Kernels timed) {
            GradientKernels gradients = time(GradientKernels.class, timed.gradients(), Map.of());
            kernels = time(Kernels.class, timed, Map.of("gradients", gradients));
        }

        /// @param given results of methods that are not timed, by name
        private <T> T time(Class<T> type, T timed, Map<String, Object> given) {
            return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                    (_, method, arguments) -> {
                        if (given.containsKey(method.getName())) {
                            return given.get(method.getName());
                        }
                        long start = System.nanoTime();
                        try {
                            return method.invoke(timed, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        } finally {
                            nanos.merge(method.getName(), System.nanoTime() - start, Long::sum);
                        }
                    }));
        }

        /// The kernels to compute with.
        Kernels kernels() {
            return kernels;
        }

        /// Nanoseconds by method since the last call of `reset`.
        Map<String, Long> nanos() {
            return nanos;
        }

        void reset() {
            nanos.clear();
        }
    }
}

package glia.peer;

import glia.kernels.KernelBackends;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

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
}

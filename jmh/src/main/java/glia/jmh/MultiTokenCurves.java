package glia.jmh;

import glia.engine.training.Loss;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.family.Families;
import glia.model.spec.Draft;
import glia.model.spec.ModelSpec;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.data.RandomWindows;
import glia.train.data.Tokens;
import glia.train.loss.MultiTokenPrediction;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.schedule.Schedule.CosineSchedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Trains a small model on the characters of a text with and without the loss of a multi-token-prediction layer, on the
/// same batches, and draws the losses of the next character and of the one after it.
///
///     MultiTokenCurves TEXT FILE.svg [STEPS]
public final class MultiTokenCurves {
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 64, "intermediate_size": 192, "num_attention_heads": 4,
            "num_key_value_heads": 2, "num_hidden_layers": 3, "vocab_size": %d, "rms_norm_eps": 1e-6,
            "max_position_embeddings": 64, "rope_theta": 10000.0, "tie_word_embeddings": false}""";
    private static final double WEIGHT = 0.3;
    private static final int SMOOTHING = 10;
    private static final int LAST = 50;
    private static final int VALIDATION_BATCHES = 20;

    private MultiTokenCurves() { }

    /// Losses in nats per character.
    private record Run(double[] next, double[] further, double validation) { }

    /// @param args see the class
    public static void main(String[] args) throws IOException {
        if (args.length < 2 || args.length > 3 || args.length == 3 && Integer.parseInt(args[2]) < LAST) {
            System.err.println("usage: TEXT FILE.svg [STEPS], at least " + LAST + " steps");
            System.exit(1);
        }
        int steps = args.length == 3 ? Integer.parseInt(args[2]) : 600;
        int[] ids = Files.readString(Path.of(args[0])).chars().toArray();
        int[] vocabulary = Arrays.stream(ids).distinct().sorted().toArray();
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Arrays.binarySearch(vocabulary, ids[i]);
        }
        ModelSpec spec = Families.spec(Config.parse(Path.of("config.json"), CONFIG.formatted(vocabulary.length)));
        Run plain = run(spec, ids, 0, steps);
        Run both = run(withLayer(spec), ids, WEIGHT, steps);
        print("next character alone", plain);
        print("with multi-token prediction", both);
        LineChart.Axis axis = LineChart.Axis.linear("steps", steps);
        Files.writeString(Path.of(args[1]), LineChart.svg(List.of(new LineChart.Panel("Training loss",
                "nats per character", axis, LineChart.Scale.LINEAR, List.of(
                new LineChart.Line("next character, alone", smooth(plain.next)),
                new LineChart.Line("next character, with multi-token prediction", smooth(both.next)),
                new LineChart.Line("the character after it", smooth(both.further)))))));
    }

    private static void print(String name, Run run) {
        System.out.printf(Locale.ROOT, "%-28s next %.4f  further %.4f  validation %.4f%n", name, last(run.next),
                last(run.further), run.validation);
    }

    private static double last(double[] values) {
        return Arrays.stream(values, values.length - LAST, values.length).average().orElseThrow();
    }

    private static double[] smooth(double[] values) {
        double[] smooth = new double[values.length / SMOOTHING];
        for (int i = 0; i < smooth.length * SMOOTHING; i++) {
            smooth[i / SMOOTHING] += values[i] / SMOOTHING;
        }
        return smooth;
    }

    /// The model with one multi-token-prediction layer, which is like the model's first.
    private static ModelSpec withLayer(ModelSpec spec) {
        List<Sublayer> layer = spec.sublayers().subList(0, 2).stream().map(s -> new Sublayer(spec.numLayers(),
                s.before(), s.mixer(), s.after(), s.residual())).toList();
        return spec.withDrafts(List.of(new Draft(spec.finalNorm(), spec.finalNorm(), layer, spec.finalNorm())));
    }

    private static Run run(ModelSpec spec, int[] ids, double weight, int steps) {
        int split = ids.length * 9 / 10;
        RandomWindows data = new RandomWindows(Tokens.of(ids).slice(0, split), 8, 64, 1);
        RandomWindows held = new RandomWindows(Tokens.of(ids).slice(split, ids.length), 8, 64, 2);
        CosineSchedule schedule = new CosineSchedule(20, steps, 0.1);
        double[] next = new double[steps];
        double[] further = new double[steps];
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
                Model model = FreshModel.create(spec, 1)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults()); Optimizer optimizer =
                    new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.95), 0.1))) {
                for (int step = 0; step < steps; step++) {
                    int at = step;
                    Loss loss = p -> {
                        var value = Loss.CROSS_ENTROPY.of(p);
                        next[at] = value.number();
                        if (weight > 0) {
                            var more = MultiTokenPrediction.furtherLoss(p);
                            further[at] = more.number();
                            value = value.plus(more.times(weight));
                        }
                        return value;
                    };
                    pass.zeroGradients();
                    var batch = data.batch(step);
                    pass.loss(batch, loss);
                    batch.release();
                    double norm = optimizer.gradientNorm(pass.weightGradients());
                    optimizer.step(pass.weightGradients(), 3e-3 * schedule.factor(step),
                            GradientNorm.clipFactor(norm, 1));
                }
                double validation = 0;
                for (int i = 0; i < VALIDATION_BATCHES; i++) {
                    validation += pass.evaluate(held.batch(i), Loss.CROSS_ENTROPY) / VALIDATION_BATCHES;
                }
                return new Run(next, further, validation);
            }
        }
    }
}

package glia.jmh;

import glia.engine.training.Loss;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.data.RandomWindows;
import glia.train.data.Tokens;
import glia.train.expert.ExpertOptions;
import glia.train.expert.ExpertTraining;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.schedule.Schedule.CosineSchedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Trains a small mixture of experts on the characters of a text: without balancing, with the load-balancing loss, with
/// bias updates and with the router z-loss, on the same batches from the same weights, and draws loss and load.
///
///     ExpertCurves TEXT FILE.svg [STEPS]
public final class ExpertCurves {
    private static final String CONFIG = """
            {"model_type": "minimax_m2", "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 16, "num_hidden_layers": 3, "num_local_experts": 8,
            "num_experts_per_tok": 2, "vocab_size": %d, "rms_norm_eps": 1e-6, "max_position_embeddings": 64,
            "rope_theta": 10000.0, "tie_word_embeddings": false}""";
    private static final int SMOOTHING = 10;
    /// Computes a figure without an effect on the weights.
    private static final double MEASURE = 1e-12;

    private ExpertCurves() { }

    /// Curves of one run, a value for each step.
    private record Run(double[] loss, double[] load, double[] z) {
        static double last(double[] values) {
            double sum = 0;
            for (int i = values.length - 50; i < values.length; i++) {
                sum += values[i] / 50;
            }
            return sum;
        }
    }

    /// @param args see the class
    public static void main(String[] args) throws IOException {
        if (args.length < 2 || args.length > 3) {
            System.err.println("usage: TEXT FILE.svg [STEPS]");
            System.exit(1);
        }
        int steps = args.length == 3 ? Integer.parseInt(args[2]) : 300;
        int[] ids = Files.readString(Path.of(args[0])).chars().toArray();
        int[] vocabulary = Arrays.stream(ids).distinct().sorted().toArray();
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Arrays.binarySearch(vocabulary, ids[i]);
        }
        Map<String, ExpertOptions> ways = new LinkedHashMap<>();
        ways.put("no balancing", new ExpertOptions(0, 0, MEASURE, 0));
        ways.put("load-balancing loss, 0.01", new ExpertOptions(0.01, 0, MEASURE, 0));
        ways.put("bias updates, 0.005", new ExpertOptions(0, 0, MEASURE, 0.005));
        ways.put("router z-loss, 0.01", new ExpertOptions(0, 0, 0.01, 0));
        List<LineChart.Line> losses = new ArrayList<>();
        List<LineChart.Line> loads = new ArrayList<>();
        for (Map.Entry<String, ExpertOptions> way : ways.entrySet()) {
            Run run = run(ids, vocabulary.length, way.getValue(), steps);
            losses.add(new LineChart.Line(way.getKey(), smooth(run.loss)));
            loads.add(new LineChart.Line(way.getKey(), smooth(run.load)));
            System.out.printf(Locale.ROOT, "%-26s loss %.4f  load of the most chosen expert %.3f  z-loss %.3f%n",
                    way.getKey(), Run.last(run.loss), Run.last(run.load), Run.last(run.z));
        }
        LineChart.Axis axis = LineChart.Axis.linear("steps", steps);
        Files.writeString(Path.of(args[1]), LineChart.svg(List.of(
                new LineChart.Panel("Training loss", "nats per character", axis, LineChart.Scale.LINEAR, losses),
                new LineChart.Panel("Load of the most chosen expert of all layers", "multiples of the mean", axis,
                        LineChart.Scale.LINEAR, loads))));
    }

    private static double[] smooth(double[] values) {
        double[] smooth = new double[values.length / SMOOTHING];
        for (int i = 0; i < smooth.length * SMOOTHING; i++) {
            smooth[i / SMOOTHING] += values[i] / SMOOTHING;
        }
        return smooth;
    }

    private static Run run(int[] ids, int vocabSize, ExpertOptions options, int steps) throws IOException {
        RandomWindows data = new RandomWindows(Tokens.of(ids), 8, 64, 1);
        CosineSchedule schedule = new CosineSchedule(20, steps, 0.1);
        Run run = new Run(new double[steps], new double[steps], new double[steps]);
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
                Model model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG.formatted(vocabSize)), 1)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults()); Optimizer optimizer =
                    new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.95), 0.1))) {
                ExpertTraining experts = new ExpertTraining(model, options);
                double[] plain = new double[1];
                Loss loss = experts.with(p -> {
                    var value = Loss.CROSS_ENTROPY.of(p);
                    plain[0] = value.number();
                    return value;
                });
                for (int step = 0; step < steps; step++) {
                    experts.startStep();
                    pass.zeroGradients();
                    pass.loss(data.batch(step), loss);
                    run.loss[step] = plain[0];
                    run.load[step] = experts.figures().get("experts/load_max");
                    run.z[step] = experts.figures().get("experts/z_loss");
                    double norm = optimizer.gradientNorm(pass.weightGradients());
                    optimizer.step(pass.weightGradients(), 3e-3 * schedule.factor(step),
                            GradientNorm.clipFactor(norm, 1));
                    experts.updated(step + 1);
                }
            }
        }
        return run;
    }
}

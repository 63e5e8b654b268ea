package glia.jmh.compare;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.jmh.LineChart;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.model.spec.ModelSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// Associative recall ([Mqar]) by all architectures with about 0.1 million parameters, trained on sequences of 2 to 64
/// key-value pairs together: accuracy by number of pairs on held-out sequences. The first seed is trained with three
/// learning rates, the others with the best of them. Options: [Options]. Writes recall.jsonl, recall.md and recall.svg.
public final class AssociativeRecall {
    static final List<Integer> PAIRS = List.of(2, 4, 8, 16, 32, 64);
    static final int VOCAB = 256;
    private static final int STEPS = 1200;
    /// Tokens of a batch for each number of pairs.
    private static final int TOKENS = 256;
    private static final int EVALUATED_TOKENS = 8192;
    private static final long HELD_OUT_SEED = 0;

    private AssociativeRecall() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, STEPS), "recall", System.out)) {
            run(session);
        }
    }

    /// Runs what is left and writes the table and the chart.
    static void run(Session session) throws IOException {
        List<Integer> seeds = session.options().seeds();
        List<Task> first = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            for (double rate : RateSweep.RATES) {
                first.add(task(session, architecture, seeds.getFirst(), rate));
            }
        }
        session.estimate("three learning rates", first);
        session.run(first);
        List<Task> others = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            OptionalDouble best = best(session, architecture);
            if (best.isPresent()) {
                for (int seed : seeds) {
                    others.add(task(session, architecture, seed, best.getAsDouble()));
                }
            }
        }
        session.estimate("best learning rates", others);
        session.run(others);
        report(session);
    }

    private static Map<String, Object> settings(Session session, Architecture architecture) {
        return Task.settings("architecture", architecture.key(), "steps", session.options().steps());
    }

    private static OptionalDouble best(Session session, Architecture architecture) {
        Map<String, Object> settings = settings(session, architecture);
        settings.put("seed", session.options().seeds().getFirst());
        return RateSweep.best(session.results(), settings);
    }

    private static Task task(Session session, Architecture architecture, int seed, double rate)
            throws CheckpointException {
        Map<String, Object> settings = settings(session, architecture);
        settings.put("rate", rate);
        settings.put("seed", seed);
        ModelSpec spec = MatchedSpec.of(architecture, Size.SMALL, VOCAB, 4 * PAIRS.getLast());
        return new Task(settings, spec, new Mqar(VOCAB, PAIRS, TOKENS, seed, Mqar.Part.TRAINING),
                session.options().steps(), () -> OptionalDouble.of(rate), seed, AssociativeRecall::measure);
    }

    private static Map<String, Object> measure(SmallModel model, double[] losses) {
        List<Double> accuracies = new ArrayList<>();
        double sum = 0;
        long count = 0;
        for (int n : PAIRS) {
            TokenBatch batch = new Mqar(VOCAB, List.of(n), EVALUATED_TOKENS, HELD_OUT_SEED, Mqar.Part.HELD_OUT)
                    .batch(0);
            accuracies.add(model.accuracy(batch));
            for (float loss : model.losses(batch)) {
                sum += loss;
                count++;
            }
        }
        return Map.of("accuracy", accuracies, "mean_accuracy",
                accuracies.stream().mapToDouble(a -> a).average().orElseThrow(), "loss", sum / count);
    }

    private static void report(Session session) throws IOException {
        List<String> titles = new ArrayList<>(List.of("architecture", "D", "learning rate"));
        PAIRS.forEach(n -> titles.add(n + " pairs"));
        Tables table = new Tables(titles);
        List<Line> lines = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            OptionalDouble best = best(session, architecture);
            Map<String, Object> settings = settings(session, architecture);
            best.ifPresent(rate -> settings.put("rate", rate));
            List<Map<String, Object>> found = best.isPresent() ? session.results().all(settings) : List.of();
            List<String> cells = new ArrayList<>(List.of(architecture.label(), Integer.toString(MatchedSpec.of(
                    architecture, Size.SMALL, VOCAB, 4 * PAIRS.getLast()).hiddenSize()),
                    best.isPresent() ? Double.toString(best.getAsDouble()) : "–"));
            for (int i = 0; i < PAIRS.size(); i++) {
                cells.add(Tables.cell(found, "accuracy", i, "%.3f"));
            }
            table.row(cells);
            lines.add(new Line(architecture.label(), Results.means(found, "accuracy", PAIRS.size())));
        }
        session.write("recall.md", table.toString());
        Axis axis = Axis.of("key-value pairs", PAIRS.stream().map(n -> Integer.toString(n)).toList());
        session.write("recall.svg", LineChart.svg(List.of(new Panel("Associative recall (MQAR)", "accuracy", axis,
                Scale.LINEAR, lines))));
    }
}

package glia.jmh.compare;

import glia.io.CheckpointException;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.jmh.compare.Architecture.Size;
import glia.model.spec.ModelSpec;
import glia.train.data.RandomWindows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// Language models of all architectures on the characters of a text, with equal tokens and parameters, at three sizes:
/// validation loss, and loss by position in sequences of four times the training length. Options: [Options]. Writes
/// loss.jsonl, loss.md, loss-rates.md and loss.svg.
public final class LossByTokens {
    static final int LENGTH = 256;
    static final int BATCH = 4;
    private static final int STEPS = 700;
    /// Steps of a final run for one of a run that chooses the learning rate.
    private static final int SWEEP_SHARE = 4;
    private static final int EVALUATED = 4 * LENGTH;
    private static final int WINDOWS = 96;
    private static final int LONG_WINDOWS = 24;
    private static final int CURVE = 20;

    private final Session session;
    private final Characters text;

    private LossByTokens(Session session, Characters text) {
        this.session = session;
        this.text = text;
    }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        Options options = Options.parse(args, STEPS);
        Characters text = Characters.read(options.requireText());
        try (Session session = new Session(options, "loss", System.out)) {
            run(session, text);
        }
    }

    /// Runs what is left and writes tables and charts.
    static void run(Session session, Characters text) throws IOException {
        LossByTokens experiment = new LossByTokens(session, text);
        session.run(experiment.sweep(), "architectures", experiment.runs());
        experiment.report();
    }

    private ModelSpec spec(Architecture architecture, Size size) throws CheckpointException {
        return MatchedSpec.of(architecture, size, text.vocab(), EVALUATED);
    }

    private int sweepSteps() {
        return Math.max(1, session.options().steps() / SWEEP_SHARE);
    }

    private Map<String, Object> sweepSettings(Architecture architecture) {
        return Task.settings("stage", "sweep", "architecture", architecture.key(), "steps", sweepSteps());
    }

    private List<Task> sweep() throws CheckpointException {
        List<Task> tasks = new ArrayList<>();
        int seed = session.options().seeds().getFirst();
        for (Architecture architecture : Architecture.values()) {
            ModelSpec spec = spec(architecture, Size.SMALL);
            for (double rate : RateSweep.RATES) {
                Map<String, Object> settings = sweepSettings(architecture);
                settings.put("rate", rate);
                tasks.add(new Task(settings, spec, batches(seed), sweepSteps(), () -> OptionalDouble.of(rate), seed,
                        (model, losses) -> Map.of("loss", loss(model))));
            }
        }
        return tasks;
    }

    private RandomWindows batches(int seed) {
        return new RandomWindows(text.training(), BATCH, LENGTH, seed);
    }

    private double loss(SmallModel model) {
        return mean(text.lossByPosition(model, LENGTH, WINDOWS), 0, LENGTH);
    }

    private List<Task> runs() throws CheckpointException {
        List<Task> tasks = new ArrayList<>();
        for (int seed : session.options().seeds()) {
            for (Size size : Size.values()) {
                for (Architecture architecture : Architecture.values()) {
                    ModelSpec spec = spec(architecture, size);
                    double share = (double) spec(architecture, Size.SMALL).hiddenSize() / spec.hiddenSize();
                    Map<String, Object> settings = settings(architecture, size);
                    settings.put("seed", seed);
                    tasks.add(new Task(settings, spec, batches(seed), session.options().steps(), () -> {
                        OptionalDouble rate = RateSweep.best(session.results(), sweepSettings(architecture));
                        return rate.isPresent() ? OptionalDouble.of(rate.getAsDouble() * share) : rate;
                    }, seed, this::measure));
                }
            }
        }
        return tasks;
    }

    private Map<String, Object> settings(Architecture architecture, Size size) {
        return Task.settings("stage", "final", "architecture", architecture.key(), "size", size.label(), "steps",
                session.options().steps());
    }

    private Map<String, Object> measure(SmallModel model, double[] losses) {
        double[] byPosition = text.lossByPosition(model, EVALUATED, LONG_WINDOWS);
        int parts = Math.min(CURVE, losses.length);
        return Map.of("loss", loss(model),
                "by_position", IntStream.range(0, numBuckets()).mapToObj(i -> mean(byPosition, bucket(i),
                        bucket(i + 1))).toList(),
                "training_loss", IntStream.range(0, parts).mapToObj(i -> mean(losses, losses.length * i / parts,
                        losses.length * (i + 1) / parts)).toList());
    }

    /// Positions are divided at powers of two.
    private static int numBuckets() {
        return Integer.numberOfTrailingZeros(EVALUATED) + 1;
    }

    /// The first position of a bucket.
    private static int bucket(int index) {
        return index == 0 ? 0 : 1 << index - 1;
    }

    private static double mean(double[] values, int from, int to) {
        return Arrays.stream(values, from, to).average().orElseThrow();
    }

    private void report() throws IOException {
        List<String> titles = new ArrayList<>(List.of("architecture"));
        Arrays.stream(Size.values()).forEach(s -> titles.addAll(List.of(s.label() + ", D", "parameters", "loss")));
        Tables table = new Tables(titles);
        Tables rates = new Tables(DoubleStream.concat(DoubleStream.of(0), RateSweep.RATES.stream()
                .mapToDouble(r -> r)).mapToObj(r -> r == 0 ? "architecture" : Double.toString(r)).toList());
        List<Line> bySize = new ArrayList<>();
        List<Line> byPosition = new ArrayList<>();
        List<Line> curves = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            List<String> cells = new ArrayList<>(List.of(architecture.label()));
            double[] losses = new double[Size.values().length];
            for (Size size : Size.values()) {
                List<Map<String, Object>> found = session.results().all(settings(architecture, size));
                ModelSpec spec = spec(architecture, size);
                cells.addAll(List.of(Integer.toString(spec.hiddenSize()), Long.toString(MatchedSpec.count(spec)),
                        Tables.cell(found, "loss", "%.3f")));
                losses[size.ordinal()] = Results.mean(found, "loss");
            }
            table.row(cells);
            List<String> tried = new ArrayList<>(List.of(architecture.label()));
            for (double rate : RateSweep.RATES) {
                Map<String, Object> one = sweepSettings(architecture);
                one.put("rate", rate);
                tried.add(Tables.cell(session.results().all(one), "loss", "%.3f"));
            }
            rates.row(tried);
            List<Map<String, Object>> largest = session.results().all(settings(architecture, Size.LARGE));
            bySize.add(new Line(architecture.label(), losses));
            byPosition.add(new Line(architecture.label(), Results.means(largest, "by_position", numBuckets())));
            curves.add(new Line(architecture.label(), Results.means(largest, "training_loss", CURVE)));
        }
        session.write("loss.md", table.toString());
        session.write("loss-rates.md", rates.toString());
        String unit = "nats per character";
        session.write("loss.svg", LineChart.svg(List.of(
                new Panel("Validation loss", unit, Axis.of("parameters", Arrays.stream(Size.values())
                        .map(Size::label).toList()), Scale.LINEAR, bySize),
                new Panel("Training loss, " + Size.LARGE.label(), unit, Axis.linear("thousands of tokens",
                        session.options().steps() * BATCH * LENGTH / 1000), Scale.LOGARITHMIC, curves),
                new Panel(String.format(Locale.ROOT, "Loss by position, %s, trained on %d", Size.LARGE.label(), LENGTH),
                        unit, Axis.of("positions up to", IntStream.range(1, numBuckets() + 1)
                                .mapToObj(i -> Integer.toString(bucket(i))).toList()), Scale.LOGARITHMIC,
                        byPosition))));
    }
}

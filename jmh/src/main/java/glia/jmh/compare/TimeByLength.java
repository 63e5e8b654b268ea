package glia.jmh.compare;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Pass.Outputs;
import glia.model.spec.ModelSpec;
import glia.tensor.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// The time of a training step and of decoding a token by sequence length, for all architectures with about 0.3 million
/// parameters and random weights. A training step is loss and gradients of one sequence; decoding adds one token to one
/// sequence of the given length. Medians, after seconds of the same work for the JIT compiler. `--steps` is the number
/// of measurements. Options: [Options]. Writes time.jsonl, time.md and time.svg.
public final class TimeByLength {
    static final List<Integer> LENGTHS = List.of(256, 512, 1024, 2048, 4096);
    private static final Architecture.Size SIZE = Architecture.Size.MEDIUM;
    private static final int REPEATS = 5;
    private static final int VOCAB = 65;
    /// Tokens decoded in a measurement.
    private static final int DECODED = 32;
    private static final long STATE_LIMIT = 1L << 30;
    /// How long each kind of work runs before it is measured: the JIT compiler needs thousands of calls.
    private static final double WARM_UP_SECONDS = 4;

    private TimeByLength() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, REPEATS), "time", System.out)) {
            run(session, LENGTHS, WARM_UP_SECONDS);
        }
    }

    /// Measures what is left and writes the table and the chart.
    ///
    /// @param warmUp seconds of training, and of decoding, before each measurement
    static void run(Session session, List<Integer> lengths, double warmUp) throws IOException {
        for (int length : lengths) {
            for (Architecture architecture : Architecture.values()) {
                session.measure(settings(architecture, length), () -> measure(session, architecture, length, warmUp));
            }
        }
        report(session, lengths);
    }

    private static Map<String, Object> settings(Architecture architecture, int length) {
        return Task.settings("architecture", architecture.key(), "length", length);
    }

    private static Map<String, Object> measure(Session session, Architecture architecture, int length,
            double warmUp) throws CheckpointException {
        int repeats = session.options().steps();
        int[] ids = new SplittableRandom(1).ints(length + (repeats + 1) * DECODED, 0, VOCAB).toArray();
        ModelSpec spec = MatchedSpec.of(architecture, SIZE, VOCAB, ids.length);
        try (Model model = FreshModel.create(spec, 1);
                Engine engine = new Engine(model, session.kernels(), Precision.EXACT, STATE_LIMIT);
                TrainingPass pass = TrainingPass.of(model, session.kernels(), TrainingOptions.defaults());
                Sequence sequence = engine.open()) {
            TokenBatch batch = new TokenBatch().add(Arrays.copyOf(ids, length));
            Repeated train = i -> {
                pass.zeroGradients();
                pass.loss(batch, Loss.CROSS_ENTROPY);
            };
            repeat(warmUp, train);
            double training = median(repeats, train);
            engine.prefill(sequence, ids, 0, length, () -> false);
            long stateBytes = engine.stateBytes();
            repeat(warmUp, i -> {
                // Other sequences, so that the measured one keeps its length.
                try (Sequence other = engine.open()) {
                    decode(engine, other, ids, 0, length);
                }
            });
            double decoding = median(repeats, i ->
                    decode(engine, sequence, ids, length + i * DECODED, length + (i + 1) * DECODED));
            return Map.of("parameters", MatchedSpec.count(spec), "training_ms", training, "decoding_ms",
                    decoding / DECODED, "state_bytes", stateBytes, "repeats", repeats);
        }
    }

    private static void decode(Engine engine, Sequence sequence, int[] ids, int from, int to) {
        for (int at = from; at < to; at++) {
            engine.add(sequence, ids, at, at + 1, Outputs.LAST);
            engine.run();
        }
    }

    private interface Repeated {
        void run(int index);
    }

    private static void repeat(double seconds, Repeated work) {
        long from = System.nanoTime();
        for (int i = 0; (System.nanoTime() - from) / 1e9 < seconds; i++) {
            work.run(i);
        }
    }

    /// The median time in milliseconds, after one more that does not count.
    private static double median(int repeats, Repeated work) {
        double[] times = new double[repeats];
        work.run(0);
        for (int i = 0; i < repeats; i++) {
            long from = System.nanoTime();
            work.run(i + 1);
            times[i] = (System.nanoTime() - from) / 1e6;
        }
        Arrays.sort(times);
        return times[repeats / 2];
    }

    private static void report(Session session, List<Integer> lengths) throws IOException {
        List<String> titles = new ArrayList<>(List.of("architecture"));
        lengths.forEach(n -> titles.add("training, " + n));
        lengths.forEach(n -> titles.add("decoding, " + n));
        titles.add("state, KB");
        Tables table = new Tables(titles);
        List<Line> training = new ArrayList<>();
        List<Line> decoding = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            List<List<Map<String, Object>>> found = lengths.stream()
                    .map(n -> session.results().all(settings(architecture, n))).toList();
            List<String> cells = new ArrayList<>(List.of(architecture.label()));
            found.forEach(r -> cells.add(Tables.cell(r, "training_ms", "%.1f")));
            found.forEach(r -> cells.add(Tables.cell(r, "decoding_ms", "%.3f")));
            double bytes = Results.mean(found.getLast(), "state_bytes");
            cells.add(Double.isNaN(bytes) ? "–" : Long.toString(Math.round(bytes / 1000)));
            table.row(cells);
            training.add(line(architecture, found, "training_ms"));
            decoding.add(line(architecture, found, "decoding_ms"));
        }
        session.write("time.md", table.toString());
        Axis axis = Axis.of("tokens", lengths.stream().map(n -> Integer.toString(n)).toList());
        session.write("time.svg", LineChart.svg(List.of(
                new Panel("Training step of one sequence", "milliseconds", axis, Scale.LOGARITHMIC, training),
                new Panel("Decoding of a token", "milliseconds", axis, Scale.LOGARITHMIC, decoding))));
    }

    private static Line line(Architecture architecture, List<List<Map<String, Object>>> found, String key) {
        return new Line(architecture.label(), found.stream().mapToDouble(r -> Results.mean(r, key)).toArray());
    }
}

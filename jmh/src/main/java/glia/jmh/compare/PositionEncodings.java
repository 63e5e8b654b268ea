package glia.jmh.compare;

import glia.io.CheckpointException;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.jmh.compare.Architecture.Size;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Scores;
import glia.train.data.RandomWindows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Position encodings beyond the training length: full attention with about 0.3 million parameters, trained on windows
/// of 128 characters, and its perplexity on windows of 1, 2, 4 and 8 times that length. RoPE is trained once and
/// evaluated without scaling, with linear scaling, NTK and YaRN, whose factor is that of the length; no scaling is
/// trained. Options: [Options]. Writes positions.jsonl, positions.md and positions.svg.
public final class PositionEncodings {
    static final int LENGTH = 128;
    static final List<Integer> FACTORS = List.of(1, 2, 4, 8);
    private static final int BATCH = 8;
    private static final int STEPS = 1000;
    private static final int SWEEP_SHARE = 4;
    private static final int LONGEST = LENGTH * FACTORS.getLast();
    private static final int EVALUATED_TOKENS = 32 * LONGEST;
    /// Keys of results and names in charts.
    private static final Map<String, String> SCALINGS = new TreeMap<>(Map.of("linear", "RoPE, linear scaling", "ntk",
            "RoPE, NTK", "yarn", "RoPE, YaRN"));

    private final Session session;
    private final Characters text;

    private PositionEncodings(Session session, Characters text) {
        this.session = session;
        this.text = text;
    }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        Options options = Options.parse(args, STEPS);
        Characters text = Characters.read(options.requireText());
        try (Session session = new Session(options, "positions", System.out)) {
            run(session, text);
        }
    }

    /// Runs what is left and writes the table and the chart.
    static void run(Session session, Characters text) throws IOException {
        PositionEncodings experiment = new PositionEncodings(session, text);
        session.run(experiment.sweep(), "encodings", experiment.runs());
        experiment.report();
    }

    private ModelSpec plain(Size size) throws CheckpointException {
        return MatchedSpec.of(Architecture.FULL, size, text.vocab(), LONGEST);
    }

    private int sweepSteps() {
        return Math.max(1, session.options().steps() / SWEEP_SHARE);
    }

    private Map<String, Object> sweepSettings(Encoding encoding) {
        return Task.settings("stage", "sweep", "encoding", encoding.key(), "steps", sweepSteps());
    }

    private Map<String, Object> settings(Encoding encoding) {
        return Task.settings("stage", "final", "encoding", encoding.key(), "steps", session.options().steps());
    }

    private List<Task> sweep() throws CheckpointException {
        List<Task> tasks = new ArrayList<>();
        int seed = session.options().seeds().getFirst();
        for (Encoding encoding : Encoding.values()) {
            for (double rate : RateSweep.RATES) {
                Map<String, Object> settings = sweepSettings(encoding);
                settings.put("rate", rate);
                tasks.add(new Task(settings, encoding.of(plain(Size.SMALL), LONGEST), batches(seed), sweepSteps(),
                        () -> OptionalDouble.of(rate), seed, (model, losses) -> Map.of("loss", loss(model, LENGTH))));
            }
        }
        return tasks;
    }

    private List<Task> runs() throws CheckpointException {
        List<Task> tasks = new ArrayList<>();
        double share = (double) plain(Size.SMALL).hiddenSize() / plain(Size.MEDIUM).hiddenSize();
        for (int seed : session.options().seeds()) {
            for (Encoding encoding : Encoding.values()) {
                Map<String, Object> settings = settings(encoding);
                settings.put("seed", seed);
                tasks.add(new Task(settings, encoding.of(plain(Size.MEDIUM), LONGEST), batches(seed),
                        session.options().steps(), () -> {
                            OptionalDouble rate = RateSweep.best(session.results(), sweepSettings(encoding));
                            return rate.isPresent() ? OptionalDouble.of(rate.getAsDouble() * share) : rate;
                        }, seed, (model, losses) -> measure(encoding, model)));
            }
        }
        return tasks;
    }

    private RandomWindows batches(int seed) {
        return new RandomWindows(text.training(), BATCH, LENGTH, seed);
    }

    private double loss(SmallModel model, int length) {
        return Arrays.stream(text.lossByPosition(model, length, EVALUATED_TOKENS / length)).average().orElseThrow();
    }

    private Map<String, Object> measure(Encoding encoding, SmallModel model) {
        Map<String, Object> measured = new LinkedHashMap<>();
        List<Double> losses = FACTORS.stream().map(f -> loss(model, f * LENGTH)).toList();
        measured.put("loss", losses.getFirst());
        measured.put("losses", losses);
        if (encoding == Encoding.ROPE) {
            for (String scaling : SCALINGS.keySet()) {
                measured.put(scaling, FACTORS.stream().map(f -> scaled(model, scaling, f)).toList());
            }
        }
        return measured;
    }

    private double scaled(SmallModel trained, String scaling, int factor) {
        int length = factor * LENGTH;
        try (SmallModel model = trained.copy(Encoding.rope(trained.model().spec(), scaling(scaling, factor), length))) {
            return loss(model, length);
        }
    }

    /// A scaling for sequences of `factor` times the training length.
    static RopeScaling scaling(String name, int factor) {
        return switch (name) {
            case "linear" -> new RopeScaling.Linear(factor);
            // Its base grows by the factor of the context length.
            case "ntk" -> new RopeScaling.Dynamic(1, LENGTH);
            case "yarn" -> new RopeScaling.Yarn(factor, LENGTH, 32, 1, true, 0.1 * Math.log(factor) + 1);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private void report() throws IOException {
        Tables table = new Tables(Stream.concat(Stream.of("encoding", "learning rate"), FACTORS.stream()
                .map(f -> f * LENGTH + " characters")).toList());
        List<Line> lines = new ArrayList<>();
        for (Encoding encoding : Encoding.values()) {
            List<Map<String, Object>> found = session.results().all(settings(encoding));
            add(table, lines, encoding.label(), "losses", found);
            if (encoding == Encoding.ROPE) {
                SCALINGS.forEach((key, label) -> add(table, lines, label, key, found));
            }
        }
        session.write("positions.md", table.toString());
        session.write("positions.svg", LineChart.svg(List.of(new Panel("Perplexity beyond the training length",
                "perplexity of characters", Axis.of("characters", FACTORS.stream().map(f ->
                        Integer.toString(f * LENGTH)).toList()), Scale.LOGARITHMIC, lines))));
    }

    private static void add(Tables table, List<Line> lines, String label, String key, List<Map<String, Object>> found) {
        List<Map<String, Object>> perplexities = found.stream().map(r -> Task.settings("perplexity",
                Arrays.stream(Results.numbers(r, key)).mapToObj(Math::exp).toList())).toList();
        List<String> cells = new ArrayList<>(List.of(label, Tables.cell(found, "rate", "%.4f")));
        for (int i = 0; i < FACTORS.size(); i++) {
            cells.add(Tables.cell(perplexities, "perplexity", i, "%.2f"));
        }
        table.row(cells);
        lines.add(new Line(label, Results.means(perplexities, "perplexity", FACTORS.size())));
    }

    /// The position encodings of attention that are compared.
    enum Encoding {
        /// https://arxiv.org/abs/2104.09864
        ROPE("RoPE"),
        /// https://arxiv.org/abs/2108.12409
        ALIBI("ALiBi"),
        /// A vector for each position, added to the embedding. Those beyond the training length keep their initial
        /// values.
        LEARNED("learned"),
        /// Only the causal mask. https://arxiv.org/abs/2305.19466
        NONE("none");

        private static final double THETA = 10_000;
        private static final float ALIBI_EXPONENT = 8;

        private final String label;

        Encoding(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }

        /// A model with this encoding.
        ///
        /// @param spec with attention
        /// @param positions the longest sequence
        ModelSpec of(ModelSpec spec, int positions) {
            return switch (this) {
                case ROPE -> rope(spec, new RopeScaling.None(), positions);
                case ALIBI -> attention(spec, new Rope.None(), new Scores.Alibi(ALIBI_EXPONENT), positions);
                case LEARNED -> embedded(attention(spec, new Rope.None(), new Scores.Plain(), positions),
                        new Positions.Learned(positions), positions);
                case NONE -> attention(spec, new Rope.None(), new Scores.Plain(), positions);
            };
        }

        /// A model with RoPE that is scaled.
        static ModelSpec rope(ModelSpec spec, RopeScaling scaling, int positions) {
            int size = spec.sublayers().stream().map(s -> s.mixer()).filter(Attention.class::isInstance)
                    .mapToInt(m -> ((Attention) m).headSize()).findFirst().orElseThrow();
            return attention(spec, new Rope.Rotary(size, THETA, scaling, Layout.HALF_SPLIT), new Scores.Plain(),
                    positions);
        }

        private static ModelSpec attention(ModelSpec spec, Rope rope, Scores scores, int positions) {
            return embedded(spec.mapMixers(m -> m instanceof Attention a ? a.with(rope).with(scores) : m),
                    new Positions.None(), positions);
        }

        private static ModelSpec embedded(ModelSpec spec, Positions embeddings, int positions) {
            return new ModelSpec(spec.modelType(), spec.vocabSize(), spec.hiddenSize(), positions,
                    new Embedding(embeddings, spec.embedding().scale(), 0, new Norm.None()), spec.sublayers(),
                    spec.finalNorm(), spec.head());
        }
    }
}

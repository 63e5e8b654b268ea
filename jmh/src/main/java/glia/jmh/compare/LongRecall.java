package glia.jmh.compare;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.jmh.LineChart;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.model.block.Pass;
import glia.model.fresh.YamlSpec;
import glia.model.spec.ModelSpec;
import glia.model.spec.RopeChange;
import glia.model.write.ModelWriter;
import glia.tensor.Hash;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/// Needles in noise ([Needles]) by small models of several mixers, trained on texts that grow to 4,096 tokens (full
/// attention: 1,024), and their accuracy on up to a million. Options: [Options], where steps are those after which a
/// training ends that has not learned. Writes long-recall.jsonl, long-recall.md, long-recall.svg and the trained
/// models.
public final class LongRecall {
    private static final String NAME = "long-recall";
    private static final int STEPS = 3000;
    static final double RATE = 5e-3;
    private static final List<Integer> LENGTHS = List.of(1024, 4096, 16_384, 65_536, 262_144, 1_048_576);
    /// The longest text that full attention reads here: its time grows with the square.
    private static final int MOST_FULL = 16_384;
    /// The longest text that full attention is trained on.
    static final int LONGEST_FULL = 1024;
    /// Texts of each length: so many, and so many tokens at most, but one.
    private static final int MOST_TEXTS = 16;
    private static final int MOST_TOKENS = 1 << 21;
    private static final int MOST_TOKENS_FULL = 1 << 16;
    private static final long MEMORY = 4L << 30;
    private static final String YARN = "_yarn";

    /// What is compared: two layers of a mixer and an MLP. Full attention has a layer before it that attends to eight
    /// tokens by RoPE, since a single layer cannot tell which token follows a key; the others have short convolutions.
    enum Contender {
        HYBRID("gated DeltaNet, attention to 64 tokens", "{kind: gated-delta, heads: 2}",
                "{kind: sliding-attention, heads: 4, window: 64}"),
        MAMBA_2("Mamba 2", "{kind: mamba2, state: 32, head-size: 32}", "{kind: mamba2, state: 32, head-size: 32}"),
        ROPE("full attention, RoPE", "{kind: attention, heads: 4, qk-norm: true}"),
        ALIBI("full attention, ALiBi", "{kind: attention, heads: 4, qk-norm: true, rope: none, alibi: true}"),
        NONE("full attention, no positions", "{kind: attention, heads: 4, qk-norm: true, rope: none}");

        private final String label;
        private final String first;
        private final String second;

        Contender(String label, String full) {
            this(label, "{kind: sliding-attention, heads: 4, window: 8, qk-norm: true}", full);
        }

        Contender(String label, String first, String second) {
            this.label = label;
            this.first = first;
            this.second = second;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }

        private boolean isFull() {
            return second.contains("kind: attention");
        }

        /// Whether a text of this length is read.
        boolean reads(int length) {
            return length <= MOST_FULL || !isFull();
        }

        /// The longest texts of the training.
        int longest() {
            return isFull() ? LONGEST_FULL : Needles.LONGEST;
        }

        /// The number of texts of a length.
        int texts(int length) {
            return Math.clamp((isFull() ? MOST_TOKENS_FULL : MOST_TOKENS) / length, 1, MOST_TEXTS);
        }

        /// Full attention learned nothing from few needles.
        Needles.Start start() {
            return isFull() ? Needles.Start.DENSE : Needles.Start.SPARSE;
        }

        /// The model as `glia new` reads it.
        String yaml() {
            int context = (reads(LENGTHS.getLast()) ? LENGTHS.getLast() : MOST_FULL) + Needles.TAIL;
            return String.format(Locale.ROOT, """
                    vocab: %d
                    hidden: 64
                    context: %d
                    embedding-scale: 50
                    layers:
                      - mixers: [%s, {kind: mlp, size: 128}]
                      - mixers: [%s, {kind: mlp, size: 128}]
                    """, Needles.VOCAB, context, first, second);
        }

        ModelSpec spec() throws CheckpointException {
            return YamlSpec.read(YamlDocument.parse(Path.of(key() + ".yaml"), yaml()));
        }
    }

    private LongRecall() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, STEPS), NAME, System.out)) {
            run(session);
        }
    }

    /// Runs what is left and writes the table and the chart.
    static void run(Session session) throws IOException {
        for (int seed : session.options().seeds()) {
            for (Contender contender : Contender.values()) {
                Map<String, Object> settings = settings(session, contender);
                settings.put("seed", seed);
                session.measure(settings, () -> train(session, contender, seed));
            }
        }
        report(session);
    }

    private static Map<String, Object> settings(Session session, Contender contender) {
        return Task.settings("contender", contender.key(), "steps", session.options().steps());
    }

    private static Map<String, Object> train(Session session, Contender contender, int seed) throws IOException {
        Map<String, Object> measured = new LinkedHashMap<>();
        long start = System.nanoTime();
        try (SmallModel model = new SmallModel(contender.spec(), session.kernels(), seed)) {
            Needles needles = new Needles(seed, contender.start(), contender.longest());
            int steps = model.train(needles, session.options().steps(), RATE, session::progress);
            measured.put("training_steps", steps);
            measured.put("training_seconds", Math.round((System.nanoTime() - start) / 1e9));
            measured.put("loss", needles.loss());
            Path folder = session.options().folder().resolve(contender.key() + "-" + seed);
            if (!Files.exists(folder)) {
                ModelWriter.write(model.model(), folder);
            }
            accuracies(session, contender.key(), contender, model, "", measured);
            if (contender == Contender.ROPE) {
                ModelSpec scaled = new RopeChange(RopeChange.Kind.YARN, (double) MOST_FULL / contender.longest(),
                        OptionalInt.of(contender.longest())).apply(model.model().spec());
                try (SmallModel other = model.copy(scaled)) {
                    accuracies(session, "yarn", contender, other, YARN, measured);
                }
            }
        }
        return measured;
    }

    private static void accuracies(Session session, String name, Contender contender, SmallModel model, String suffix,
            Map<String, Object> measured) {
        List<Double> accuracies = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        for (int length : LENGTHS) {
            if (contender.reads(length)) {
                long start = System.nanoTime();
                accuracies.add(accuracy(session, model, length, contender.texts(length)));
                seconds.add(Math.round((System.nanoTime() - start) / 1e7 / contender.texts(length)) / 100.0);
                session.progress(name + " " + length + ": " + accuracies.getLast() + ", " + seconds.getLast()
                        + " s a text");
            }
        }
        measured.put("accuracy" + suffix, accuracies);
        measured.put("seconds_a_text" + suffix, seconds);
    }


    /// The share of needles that are found in texts of a length.
    static double accuracy(Session session, SmallModel model, int length, int texts) {
        int found = 0;
        try (Engine engine = new Engine(model.model(), session.kernels(), Precision.EXACT, MEMORY)) {
            for (int text = 0; text < texts; text++) {
                int[] ids = Needles.text(length, Needles.NEEDLES, Hash.of(0, length, text));
                try (Sequence sequence = engine.open()) {
                    engine.prefill(sequence, ids, 0, length, () -> false);
                    for (int i = length; i < length + 2 * Needles.NEEDLES; i += 2) {
                        engine.add(sequence, ids, i, i + 1, Pass.Outputs.LAST);
                        float[] logits = engine.run().toArray();
                        found += SmallModel.accuracy(new float[][] {logits}, new int[] {ids[i + 1]}) == 1 ? 1 : 0;
                        engine.add(sequence, ids, i + 1, i + 2, Pass.Outputs.NONE);
                        engine.run();
                    }
                }
            }
        }
        return (double) found / (texts * Needles.NEEDLES);
    }

    private static void report(Session session) throws IOException {
        List<String> titles = new ArrayList<>(List.of("mixer", "parameters"));
        LENGTHS.forEach(n -> titles.add(n + " tokens"));
        Tables table = new Tables(titles);
        List<Line> lines = new ArrayList<>();
        for (Contender contender : Contender.values()) {
            List<Map<String, Object>> found = session.results().all(settings(session, contender));
            row(table, lines, contender, found, contender.label, "");
            if (contender == Contender.ROPE) {
                row(table, lines, contender, found, contender.label + " with YaRN", YARN);
            }
        }
        session.write(NAME + ".md", table.toString());
        session.write(NAME + ".svg", LineChart.svg(List.of(new Panel("Needles in noise", "accuracy",
                Axis.of("tokens", LENGTHS.stream().map(n -> Integer.toString(n)).toList()), Scale.LINEAR, lines))));
    }

    private static void row(Tables table, List<Line> lines, Contender contender, List<Map<String, Object>> found,
            String label, String suffix) throws CheckpointException {
        List<String> cells = new ArrayList<>(List.of(label, Long.toString(MatchedSpec.count(contender.spec()))));
        for (int i = 0; i < LENGTHS.size(); i++) {
            cells.add(contender.reads(LENGTHS.get(i)) ? Tables.cell(found, "accuracy" + suffix, i, "%.2f") : "–");
        }
        table.row(cells);
        String key = "accuracy" + suffix;
        int count = LENGTHS.size();
        lines.add(new Line(label, Results.means(found, key, count),
                Results.each(found, key, count, v -> v.min().orElse(Double.NaN)),
                Results.each(found, key, count, v -> v.max().orElse(Double.NaN))));
    }
}

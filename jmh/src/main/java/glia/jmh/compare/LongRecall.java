package glia.jmh.compare;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.engine.training.TokenBatch;
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
import glia.train.data.Batches;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/// Needles in noise ([Needles]) by small models of several mixers, trained on texts that grow to 4,096 tokens, and
/// their accuracy on up to a million. Options: [Options]. Writes long-recall.jsonl, long-recall.md, long-recall.svg
/// and the trained models of the first seed.
public final class LongRecall {
    private static final String NAME = "long-recall";
    private static final int STEPS = 1200;
    private static final List<Integer> LENGTHS = List.of(1024, 4096, 16_384, 65_536, 262_144, 1_048_576);
    /// The longest text that full attention reads here: its time grows with the square.
    private static final int MOST_FULL = 16_384;
    /// Texts of each length: so many, and so many tokens at most, but one.
    private static final int MOST_TEXTS = 8;
    private static final int MOST_TOKENS = 1 << 18;
    private static final long MEMORY = 4L << 30;
    private static final String YARN = "_yarn";

    /// What is compared: two layers of a mixer and an MLP. Learning rates are those of [AssociativeRecall].
    enum Contender {
        HYBRID("attention to 64 tokens, gated DeltaNet", 1e-2, "{kind: sliding-attention, heads: 4, window: 64}",
                "{kind: gated-delta, heads: 2}"),
        GATED_DELTA("gated DeltaNet", 1e-2, "{kind: gated-delta, heads: 2}"),
        MAMBA_2("Mamba 2", 3e-3, "{kind: mamba2, state: 32, head-size: 32}"),
        ROPE("full attention, RoPE", 3e-3, "{kind: attention, heads: 4}"),
        ALIBI("full attention, ALiBi", 3e-3, "{kind: attention, heads: 4, rope: none, alibi: true}"),
        NONE("full attention, no positions", 3e-3, "{kind: attention, heads: 4, rope: none}");

        private final String label;
        private final double rate;
        private final String first;
        private final String second;

        Contender(String label, double rate, String mixer) {
            this(label, rate, mixer, mixer);
        }

        Contender(String label, double rate, String first, String second) {
            this.label = label;
            this.rate = rate;
            this.first = first;
            this.second = second;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }

        /// Whether a text of this length is read.
        boolean reads(int length) {
            return length <= MOST_FULL || !second.contains("kind: attention");
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
        List<Task> tasks = new ArrayList<>();
        for (int seed : session.options().seeds()) {
            for (Contender contender : Contender.values()) {
                Map<String, Object> settings = settings(session, contender);
                settings.put("seed", seed);
                boolean isKept = seed == session.options().seeds().getFirst();
                tasks.add(new Task(settings, contender.spec(), new Needles(seed, session.options().steps()),
                        session.options().steps(), () -> OptionalDouble.of(contender.rate), seed,
                        (model, losses) -> measure(session, contender, model, losses, isKept)));
            }
        }
        session.run(tasks);
        report(session);
    }

    private static Map<String, Object> settings(Session session, Contender contender) {
        return Task.settings("contender", contender.key(), "steps", session.options().steps());
    }

    private static Map<String, Object> measure(Session session, Contender contender, SmallModel model, double[] losses,
            boolean isKept) {
        if (isKept) {
            try {
                Path folder = session.options().folder().resolve(contender.key());
                if (!Files.exists(folder)) {
                    ModelWriter.write(model.model(), folder);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Map<String, Object> measured = new LinkedHashMap<>();
        accuracies(session, contender.key(), contender, model, "", measured);
        if (contender == Contender.ROPE) {
            ModelSpec scaled = new RopeChange(RopeChange.Kind.YARN, (double) MOST_FULL / Needles.LONGEST,
                    OptionalInt.of(Needles.LONGEST)).apply(model.model().spec());
            try (SmallModel other = model.copy(scaled)) {
                accuracies(session, "yarn", contender, other, YARN, measured);
            }
        }
        measured.put("loss", Arrays.stream(losses).skip(Math.max(0, losses.length - 20)).average().orElseThrow());
        return measured;
    }

    private static void accuracies(Session session, String name, Contender contender, SmallModel model, String suffix,
            Map<String, Object> measured) {
        List<Double> accuracies = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        for (int length : LENGTHS) {
            if (contender.reads(length)) {
                long start = System.nanoTime();
                accuracies.add(accuracy(session, model, length));
                seconds.add(Math.round((System.nanoTime() - start) / 1e7 / texts(length)) / 100.0);
                session.progress(name + " " + length + ": " + accuracies.getLast() + ", " + seconds.getLast()
                        + " s a text");
            }
        }
        measured.put("accuracy" + suffix, accuracies);
        measured.put("seconds_a_text" + suffix, seconds);
    }

    private static int texts(int length) {
        return Math.clamp(MOST_TOKENS / length, 1, MOST_TEXTS);
    }

    /// The share of needles that are found in texts of a length.
    private static double accuracy(Session session, SmallModel model, int length) {
        int found = 0;
        try (Engine engine = new Engine(model.model(), session.kernels(), Precision.EXACT, MEMORY)) {
            for (int text = 0; text < texts(length); text++) {
                int[] ids = Needles.text(length, Needles.NEEDLES, Hash.of(0, length, text));
                try (Sequence sequence = engine.open()) {
                    engine.prefill(sequence, ids, 0, length, () -> false);
                    for (int i = length; i < ids.length; i += 2) {
                        engine.add(sequence, ids, i, i + 1, Pass.Outputs.LAST);
                        float[] logits = engine.run().toArray();
                        found += SmallModel.accuracy(new float[][] {logits}, new int[] {ids[i + 1]}) == 1 ? 1 : 0;
                        engine.add(sequence, ids, i + 1, i + 2, Pass.Outputs.NONE);
                        engine.run();
                    }
                }
            }
        }
        return (double) found / (texts(length) * Needles.NEEDLES);
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
        lines.add(new Line(label, Results.means(found, "accuracy" + suffix, LENGTHS.size())));
    }

    /// Texts of noise with needles, each a key and its value, at random places; then each key once more, in another
    /// order, where its value is the target. Keys, values and noise are different tokens.
    ///
    /// Every batch has short texts of one to eight needles and hardly any noise: recall is learned of these, with many
    /// targets a batch. In the second half of the training each batch has a longer text, too, of 128 to 4,096 tokens,
    /// which teaches to keep needles over noise. Of long texts alone nothing was learned.
    ///
    /// @param steps of the training
    record Needles(long seed, int steps) implements Batches {
        static final int NEEDLES = 8;
        /// Tokens after a text: keys and values.
        static final int TAIL = 2 * NEEDLES;
        static final int VOCAB = 128;
        static final int LONGEST = 4096;
        private static final int SHORTEST = 128;
        /// Noise in short texts.
        private static final int NOISE = 32;
        /// Tokens of short texts in a batch.
        private static final int BATCH = 1024;
        private static final int KEYS = 32;
        private static final int VALUES = 64;

        @Override
        public TokenBatch batch(long index) {
            TokenBatch batch = new TokenBatch();
            SplittableRandom random = new SplittableRandom(Hash.of(1, seed, index));
            while (batch.numTokens() < BATCH) {
                int needles = random.nextInt(1, NEEDLES + 1);
                add(batch, 2 * (needles + random.nextInt(NOISE / 2)), needles, random.nextLong());
            }
            double late = 2.0 * index / steps - 1;
            if (late >= 0) {
                int doublings = Integer.numberOfTrailingZeros(LONGEST / SHORTEST) + 1;
                int length = SHORTEST << Math.min(doublings - 1, (int) (late * doublings));
                for (int i = 0; i < Math.max(1, BATCH / length); i++) {
                    add(batch, length, NEEDLES, random.nextLong());
                }
            }
            return batch;
        }

        private static void add(TokenBatch batch, int length, int needles, long seed) {
            int[] ids = text(length, needles, seed);
            float[] weights = new float[ids.length];
            for (int at = length + 1; at < ids.length; at += 2) {
                weights[at] = 1;
            }
            batch.add(ids, weights);
        }

        /// A text: noise with needles, then the keys with their values.
        ///
        /// @param length of the noise with the needles, even
        static int[] text(int length, int needles, long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            int[] ids = new int[length + 2 * needles];
            for (int i = 0; i < length; i++) {
                ids[i] = random.nextInt(VALUES, VOCAB);
            }
            int[] keys = random.ints(0, KEYS).distinct().limit(needles).toArray();
            int[] places = random.ints(0, length / 2).distinct().limit(needles).toArray();
            int[] order = random.ints(0, needles).distinct().limit(needles).toArray();
            for (int i = 0; i < needles; i++) {
                int value = random.nextInt(KEYS, VALUES);
                ids[2 * places[i]] = keys[i];
                ids[2 * places[i] + 1] = value;
                ids[length + 2 * order[i]] = keys[i];
                ids[length + 2 * order[i] + 1] = value;
            }
            return ids;
        }
    }
}

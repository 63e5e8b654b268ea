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
import java.util.SplittableRandom;

/// Needles in noise ([Needles]) by small models of several mixers, trained on texts that grow to 4,096 tokens, and
/// their accuracy on up to a million. Options: [Options]. Writes long-recall.jsonl, long-recall.md, long-recall.svg
/// and the trained models of the first seed.
public final class LongRecall {
    private static final String NAME = "long-recall";
    private static final int STEPS = 1200;
    private static final double RATE = 5e-3;
    private static final List<Integer> LENGTHS = List.of(1024, 4096, 16_384, 65_536, 262_144, 1_048_576);
    /// The longest text that full attention reads here: its time grows with the square.
    private static final int MOST_FULL = 16_384;
    /// Texts of each length.
    private static final int TEXTS = 2;
    private static final long MEMORY = 4L << 30;

    /// What is compared: two layers of a mixer and an MLP.
    enum Contender {
        GATED_DELTA("gated DeltaNet", "{kind: gated-delta, heads: 4}"),
        MAMBA_2("Mamba 2", "{kind: mamba2, state: 32, head-size: 32}"),
        ROPE("full attention, RoPE", "{kind: attention, heads: 4}"),
        ALIBI("full attention, ALiBi", "{kind: attention, heads: 4, rope: none, alibi: true}"),
        NONE("full attention, no positions", "{kind: attention, heads: 4, rope: none}");

        private final String label;
        private final String mixer;

        Contender(String label, String mixer) {
            this.label = label;
            this.mixer = mixer;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }

        /// Whether a text of this length is read.
        boolean reads(int length) {
            return length <= MOST_FULL || !mixer.contains("kind: attention");
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
                      - repeat: 2
                        mixers: [%s, {kind: mlp, size: 128}]
                    """, Needles.VOCAB, context, mixer);
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
                        session.options().steps(), () -> OptionalDouble.of(RATE), seed,
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
        List<Double> accuracies = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        for (int length : LENGTHS) {
            if (contender.reads(length)) {
                long start = System.nanoTime();
                accuracies.add(accuracy(session, model, length));
                seconds.add(Math.round((System.nanoTime() - start) / 1e7 / TEXTS) / 100.0);
                session.progress(contender.key() + " " + length + ": " + accuracies.getLast() + ", "
                        + seconds.getLast() + " s a text");
            }
        }
        Map<String, Object> measured = new LinkedHashMap<>();
        measured.put("accuracy", accuracies);
        measured.put("seconds_a_text", seconds);
        measured.put("loss", Arrays.stream(losses).skip(Math.max(0, losses.length - 20)).average().orElseThrow());
        return measured;
    }

    /// The share of needles that are found in texts of a length.
    private static double accuracy(Session session, SmallModel model, int length) {
        int found = 0;
        try (Engine engine = new Engine(model.model(), session.kernels(), Precision.EXACT, MEMORY)) {
            for (int text = 0; text < TEXTS; text++) {
                int[] ids = Needles.text(length, Hash.of(0, length, text));
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
        return (double) found / (TEXTS * Needles.NEEDLES);
    }

    private static void report(Session session) throws IOException {
        List<String> titles = new ArrayList<>(List.of("mixer", "parameters"));
        LENGTHS.forEach(n -> titles.add(n + " tokens"));
        Tables table = new Tables(titles);
        List<Line> lines = new ArrayList<>();
        for (Contender contender : Contender.values()) {
            List<Map<String, Object>> found = session.results().all(settings(session, contender));
            List<String> cells = new ArrayList<>(List.of(contender.label,
                    Long.toString(MatchedSpec.count(contender.spec()))));
            for (int i = 0; i < LENGTHS.size(); i++) {
                cells.add(contender.reads(LENGTHS.get(i)) ? Tables.cell(found, "accuracy", i, "%.2f") : "–");
            }
            table.row(cells);
            lines.add(new Line(contender.label, Results.means(found, "accuracy", LENGTHS.size())));
        }
        session.write(NAME + ".md", table.toString());
        session.write(NAME + ".svg", LineChart.svg(List.of(new Panel("Needles in noise", "accuracy",
                Axis.of("tokens", LENGTHS.stream().map(n -> Integer.toString(n)).toList()), Scale.LINEAR, lines))));
    }

    /// Texts of noise with eight needles, each a key and its value, at random places; then each key once more, in
    /// another order, where its value is the target. Keys, values and noise are different tokens. Texts grow with the
    /// training, from hardly any noise to 4,096 tokens: from the first step on long ones nothing was learned in 800.
    ///
    /// @param steps of the training
    record Needles(long seed, int steps) implements Batches {
        static final int NEEDLES = 8;
        /// Tokens after a text: keys and values.
        static final int TAIL = 2 * NEEDLES;
        static final int VOCAB = 128;
        private static final List<Integer> LENGTHS = List.of(24, 24, 24, 24, 32, 32, 64, 256, 1024, 4096);
        private static final int BATCH = 1024;
        private static final int KEYS = 32;
        private static final int VALUES = 64;

        @Override
        public TokenBatch batch(long index) {
            int length = LENGTHS.get((int) (index * LENGTHS.size() / steps));
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < Math.max(1, BATCH / length); i++) {
                int[] ids = text(length, Hash.of(1, seed, index, i));
                float[] weights = new float[ids.length];
                for (int at = length + 1; at < ids.length; at += 2) {
                    weights[at] = 1;
                }
                batch.add(ids, weights);
            }
            return batch;
        }

        /// A text: noise with needles, then the keys with their values.
        ///
        /// @param length of the noise with the needles
        static int[] text(int length, long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            int[] ids = new int[length + TAIL];
            for (int i = 0; i < length; i++) {
                ids[i] = random.nextInt(VALUES, VOCAB);
            }
            int[] keys = random.ints(0, KEYS).distinct().limit(NEEDLES).toArray();
            int[] places = random.ints(0, length / 2).distinct().limit(NEEDLES).toArray();
            int[] order = random.ints(0, NEEDLES).distinct().limit(NEEDLES).toArray();
            for (int i = 0; i < NEEDLES; i++) {
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

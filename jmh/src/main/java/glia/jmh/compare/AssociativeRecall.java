package glia.jmh.compare;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.jmh.compare.Architecture.Size;
import glia.model.spec.ModelSpec;
import glia.tensor.Hash;
import glia.train.data.Batches;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

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

    /// Multi-query associative recall (MQAR, https://arxiv.org/abs/2312.04927, appendix C): a sequence begins with n
    /// different keys, each followed by its value. Then each key comes once more, in an order with a power-law
    /// distribution, and its value is the target there. The other positions hold token 0 and have no target. Keys are
    /// the lower half of the vocabulary, values the upper half. A sequence has 4 n tokens, the fewest in which all keys
    /// have a place, and so the most targets for a number of tokens.
    ///
    /// Sequences for training and held-out ones are different: a hash of the tokens decides which a sequence is.
    ///
    /// @param pairs the numbers n of key-value pairs
    /// @param tokens of a batch for each of them, rounded up to a sequence
    record Mqar(int vocab, List<Integer> pairs, int tokens, long seed, Part part) implements Batches {
        /// What sequences are for.
        enum Part { TRAINING, HELD_OUT }

        private static final int LENGTH_OF_PAIR = 4;
        private static final double POWER = 0.01;
        /// One of so many sequences is held out.
        private static final int HELD_OUT_SHARE = 8;

        Mqar {
            pairs = List.copyOf(pairs);
            for (int n : pairs) {
                if (n < 1 || n > vocab / 2 - 1) {
                    throw new IllegalArgumentException(n + " key-value pairs, expected 1 to " + (vocab / 2 - 1)
                            + " with a vocabulary of " + vocab);
                }
            }
        }

        /// A sequence and, at each key that is queried, its value; else `TokenBatch.NO_TARGET`.
        record Example(int[] ids, int[] targets) {
            Part part() {
                return Long.remainderUnsigned(Hash.of(Arrays.hashCode(ids)), HELD_OUT_SHARE) == 0 ? Part.HELD_OUT
                        : Part.TRAINING;
            }
        }

        @Override
        public TokenBatch batch(long index) {
            TokenBatch batch = new TokenBatch();
            for (int n : pairs) {
                int count = Math.ceilDiv(tokens, LENGTH_OF_PAIR * n);
                for (int i = 0; i < count; i++) {
                    Example example = example(n, index * count + i);
                    float[] weights = new float[example.ids.length];
                    for (int j = 0; j < weights.length; j++) {
                        weights[j] = example.targets[j] == TokenBatch.NO_TARGET ? 0 : 1;
                    }
                    batch.addTargets(example.ids, example.targets, weights);
                }
            }
            return batch;
        }

        /// A sequence of n pairs.
        Example example(int n, long index) {
            for (long attempt = 0;; attempt++) {
                Example example = draw(n, new SplittableRandom(Hash.of(seed, part.ordinal(), n, index, attempt)));
                if (example.part() == part) {
                    return example;
                }
            }
        }

        private Example draw(int n, SplittableRandom random) {
            int length = LENGTH_OF_PAIR * n;
            int[] ids = new int[length];
            int[] targets = new int[length];
            Arrays.fill(targets, TokenBatch.NO_TARGET);
            int[] keys = IntStream.range(1, vocab / 2).toArray();
            int[] places = places(n, random);
            for (int i = 0; i < n; i++) {
                int other = random.nextInt(i, keys.length);
                int key = keys[other];
                keys[other] = keys[i];
                int value = random.nextInt(vocab / 2, vocab);
                ids[2 * i] = key;
                ids[2 * i + 1] = value;
                ids[2 * n + 2 * places[i]] = key;
                targets[2 * n + 2 * places[i]] = value;
            }
            return new Example(ids, targets);
        }

        /// n places without replacement, place i with a weight of (i + 1)^(a - 1), so that keys that come early in the
        /// context mostly come early again (Efraimidis and Spirakis 2006, https://doi.org/10.1016/j.ipl.2005.11.003).
        private static int[] places(int n, SplittableRandom random) {
            double[] order = new double[n];
            for (int i = 0; i < n; i++) {
                order[i] = -Math.log(1 - random.nextDouble()) / Math.pow(i + 1, POWER - 1);
            }
            return IntStream.range(0, n).boxed().sorted(Comparator.comparingDouble(i -> order[i])).mapToInt(i -> i)
                    .toArray();
        }
    }
}

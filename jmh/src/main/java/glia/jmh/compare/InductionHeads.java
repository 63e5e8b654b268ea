package glia.jmh.compare;

import glia.engine.pass.Engine;
import glia.engine.training.TokenBatch;
import glia.io.yaml.YamlDocument;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.lab.attention.AttentionMaps;
import glia.model.fresh.YamlSpec;
import glia.tensor.Hash;
import glia.tensor.Precision;
import glia.train.data.Batches;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Induction heads (https://arxiv.org/abs/2209.11895): transformers of attention alone, of one and of two layers, on
/// random tokens that repeat with an unknown period. The loss of the repeated tokens and the share of attention on the
/// token after the last occurrence of the present one, every few steps. Options: [Options]. Writes induction.jsonl,
/// induction.md and induction.svg.
public final class InductionHeads {
    private static final int STEPS = 3000;
    private static final int EVERY = 50;
    private static final double RATE = 1e-3;
    private static final double DECAY = 0.1;
    private static final List<Integer> LAYERS = List.of(2, 1);
    private static final int SEQUENCES = 32;
    private static final int LOOKED_AT = 4;

    private InductionHeads() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, STEPS), "induction", System.out)) {
            for (int layers : LAYERS) {
                for (int seed : session.options().seeds()) {
                    session.measure(settings(session, layers, seed), () -> run(session, layers, seed));
                }
            }
            report(session);
        }
    }

    private static Map<String, Object> settings(Session session, int layers, int seed) {
        return Task.settings("layers", layers, "steps", session.options().steps(), "seed", seed);
    }

    private static Map<String, Object> run(Session session, int layers, int seed) throws IOException {
        YamlDocument yaml = YamlDocument.parse(Path.of("induction.yaml"), String.format("""
                vocab: %d
                hidden: 64
                context: %d
                embedding-scale: 50
                tied: false
                layers:
                  - repeat: %d
                    mixers: [{kind: attention, heads: 4}]
                """, Repeated.VOCAB, Repeated.LENGTH, layers));
        Repeated heldOut = new Repeated(-1);
        TokenBatch repeated = heldOut.batch(0, true);
        TokenBatch first = heldOut.batch(0, false);
        List<Double> losses = new ArrayList<>();
        List<Double> firstLosses = new ArrayList<>();
        List<Double> induction = new ArrayList<>();
        List<Double> previous = new ArrayList<>();
        try (SmallModel model = new SmallModel(YamlSpec.read(yaml), session.kernels(), seed);
                Engine engine = new Engine(model.model(), session.kernels(), Precision.EXACT, 1L << 24)) {
            model.train(new Repeated(seed), session.options().steps(), RATE, DECAY, step -> {
                if (step % EVERY == 0 || step == session.options().steps()) {
                    losses.add(mean(model.losses(repeated)));
                    firstLosses.add(mean(model.losses(first)));
                    double[] scores = scores(engine, heldOut);
                    induction.add(scores[0]);
                    previous.add(scores[1]);
                }
            });
        }
        Map<String, Object> measured = new LinkedHashMap<>();
        measured.put("repeated_loss", losses);
        measured.put("first_loss", firstLosses);
        measured.put("induction", induction);
        measured.put("previous", previous);
        measured.put("loss", losses.getLast());
        measured.put("score", induction.getLast());
        measured.put("steepest_loss_at", steepest(losses, -1));
        measured.put("steepest_score_at", steepest(induction, 1));
        return measured;
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float v : values) {
            sum += v;
        }
        return sum / values.length;
    }

    /// The step around which a curve falls (-1) or rises (1) most.
    private static int steepest(List<Double> curve, int sign) {
        int best = 1;
        for (int i = 2; i < curve.size(); i++) {
            best = sign * (curve.get(i) - curve.get(i - 1)) > sign * (curve.get(best) - curve.get(best - 1)) ? i : best;
        }
        return best * EVERY - EVERY / 2;
    }

    /// The best head's mean attention, at repeated tokens, to the token after the last occurrence of the present one;
    /// the best head's mean attention to the previous token.
    private static double[] scores(Engine engine, Repeated data) {
        double bestInduction = 0;
        double bestPrevious = 0;
        List<double[]> sums = new ArrayList<>();
        for (int s = 0; s < LOOKED_AT; s++) {
            Repeated.Example example = data.example(s);
            List<float[][]> heads = new ArrayList<>();
            AttentionMaps.of(engine, example.ids()).forEach(map -> heads.addAll(List.of(map.weights())));
            for (int h = 0; h < heads.size(); h++) {
                if (sums.size() <= h) {
                    sums.add(new double[2]);
                }
                int count = Repeated.LENGTH - example.period();
                for (int t = example.period(); t < Repeated.LENGTH; t++) {
                    sums.get(h)[0] += heads.get(h)[t][t - example.period() + 1] / count / LOOKED_AT;
                    sums.get(h)[1] += heads.get(h)[t][t - 1] / count / LOOKED_AT;
                }
            }
        }
        for (double[] sum : sums) {
            bestInduction = Math.max(bestInduction, sum[0]);
            bestPrevious = Math.max(bestPrevious, sum[1]);
        }
        return new double[] {bestInduction, bestPrevious};
    }

    private static void report(Session session) throws IOException {
        Tables table = new Tables(List.of("layers", "loss of repeated tokens", "induction score of the best head",
                "loss falls fastest at step", "score rises fastest at step"));
        List<Line> losses = new ArrayList<>();
        List<Line> scores = new ArrayList<>();
        for (int layers : LAYERS) {
            List<Map<String, Object>> ofLayers = new ArrayList<>();
            for (int seed : session.options().seeds()) {
                List<Map<String, Object>> found = session.results().all(settings(session, layers, seed));
                ofLayers.addAll(found);
                for (Map<String, Object> result : found) {
                    String name = layers + (layers == 1 ? " layer" : " layers") + ", seed " + seed;
                    losses.add(new Line(name, Results.numbers(result, "repeated_loss")));
                    scores.add(new Line(name, Results.numbers(result, "induction")));
                }
            }
            table.row(List.of(Integer.toString(layers), Tables.cell(ofLayers, "loss", "%.2f"),
                    Tables.cell(ofLayers, "score", "%.2f"), Tables.cell(ofLayers, "steepest_loss_at", "%.0f"),
                    Tables.cell(ofLayers, "steepest_score_at", "%.0f")));
        }
        session.write("induction.md", table.toString());
        if (!losses.isEmpty()) {
            Axis axis = Axis.linear("steps", session.options().steps());
            session.write("induction.svg", LineChart.svg(List.of(
                    new Panel("Loss of repeated tokens", "nats", axis, Scale.LINEAR, losses),
                    new Panel("Attention to the token after the last occurrence", "share, best head", axis,
                            Scale.LINEAR, scores))));
        }
    }

    /// Sequences of random tokens that repeat with a period of their own, so that no fixed distance predicts them.
    ///
    /// @param seed negative for held-out sequences
    record Repeated(int seed) implements Batches {
        static final int VOCAB = 64;
        static final int LENGTH = 64;
        private static final int SHORTEST = 10;
        private static final int LONGEST = 30;

        /// @param period after how many tokens they repeat
        record Example(int[] ids, int period) { }

        Example example(long index) {
            SplittableRandom random = new SplittableRandom(Hash.of(seed, index));
            int period = random.nextInt(SHORTEST, LONGEST + 1);
            int[] ids = new int[LENGTH];
            for (int t = 0; t < LENGTH; t++) {
                ids[t] = t < period ? random.nextInt(VOCAB) : ids[t - period];
            }
            return new Example(ids, period);
        }

        @Override
        public TokenBatch batch(long index) {
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < SEQUENCES; i++) {
                batch.add(example(index * SEQUENCES + i).ids);
            }
            return batch;
        }

        /// The targets that repeat what was before and can be known, or those before them.
        TokenBatch batch(long index, boolean areRepeated) {
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < SEQUENCES; i++) {
                Example example = example(index * SEQUENCES + i);
                int[] targets = new int[LENGTH];
                float[] weights = new float[LENGTH];
                for (int t = 0; t < LENGTH; t++) {
                    boolean scored = t + 1 < LENGTH && t >= example.period == areRepeated;
                    targets[t] = scored ? example.ids[t + 1] : TokenBatch.NO_TARGET;
                    weights[t] = scored ? 1 : 0;
                }
                batch.addTargets(example.ids, targets, weights);
            }
            return batch;
        }
    }
}

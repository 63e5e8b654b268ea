package glia.jmh.compare;

import glia.engine.training.TokenBatch;
import glia.io.yaml.YamlDocument;
import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.model.fresh.YamlSpec;
import glia.model.spec.ModelSpec;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/// Grokking of `a + b mod p` by a transformer of one layer (https://arxiv.org/abs/2301.05217): a part of all pairs is
/// trained with strong weight decay, in full batches; the held-out pairs are right thousands of steps later. The
/// circuit is found by Fourier transforms of the embedding and of the logits. Options: [Options]. Writes
/// grokking.jsonl, grokking.md, grokking.svg and grokking-fourier.svg.
public final class Grokking {
    static final int PRIME = 43;
    private static final int HIDDEN = 64;
    private static final double TRAINED_SHARE = 0.5;
    private static final int STEPS = 2000;
    private static final int EVERY = 50;
    private static final int NUM_KEYS = 5;
    private static final double RATE = 3e-3;
    private static final double DECAY = 1;
    private static final double INITIAL = 0.02;
    private static final double LEAST_SHOWN = 0.01;
    private static final double MOST_SHOWN = 20;

    private Grokking() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, STEPS), "grokking", System.out)) {
            for (int seed : session.options().seeds()) {
                session.measure(settings(session, seed), () -> run(session, seed));
            }
            report(session);
        }
    }

    private static Map<String, Object> settings(Session session, int seed) {
        return Task.settings("prime", PRIME, "steps", session.options().steps(), "seed", seed);
    }

    private static ModelSpec spec() throws IOException {
        return YamlSpec.read(YamlDocument.parse(Path.of("grokking.yaml"), String.format("""
                vocab: %d
                hidden: %d
                context: 3
                positions: true
                norm: none
                tied: false
                layers:
                  - mixers: [{kind: attention, heads: 4, rope: none}, {kind: mlp, gated: false, activation: relu}]
                """, PRIME + 1, HIDDEN)));
    }

    /// A batch of pairs `[a, b, =]` with the target `a + b mod p` after the last token.
    private static TokenBatch batch(List<int[]> pairs) {
        TokenBatch batch = new TokenBatch();
        for (int[] pair : pairs) {
            batch.addTargets(new int[] {pair[0], pair[1], PRIME},
                    new int[] {TokenBatch.NO_TARGET, TokenBatch.NO_TARGET, (pair[0] + pair[1]) % PRIME},
                    new float[] {0, 0, 1});
        }
        return batch;
    }

    private static Map<String, Object> run(Session session, int seed) throws IOException {
        List<int[]> pairs = new ArrayList<>(IntStream.range(0, PRIME * PRIME)
                .mapToObj(i -> new int[] {i / PRIME, i % PRIME}).toList());
        TokenBatch all = batch(pairs);
        List<Integer> order = new ArrayList<>(IntStream.range(0, pairs.size()).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        List<Integer> trained = order.subList(0, (int) (TRAINED_SHARE * pairs.size()));
        List<Integer> heldOut = order.subList(trained.size(), pairs.size());
        TokenBatch training = batch(trained.stream().map(pairs::get).toList());
        Map<String, Object> measured = new LinkedHashMap<>();
        Map<String, List<Double>> curves = new LinkedHashMap<>();
        List<float[][]> logits = new ArrayList<>();
        try (SmallModel model = new SmallModel(spec(), session.kernels(), seed)) {
            // Standard deviations of 1/√D, as the paper's.
            model.model().weights().all().values().forEach(w -> {
                Tensor t = ((Weight.Stored) w).tensor();
                session.kernels().scale(t, t, (float) (1 / Math.sqrt(HIDDEN) / INITIAL));
            });
            measured.put("spectrum_before", Fourier.list(Fourier.spectrum(embedding(model))));
            model.train(_ -> training, session.options().steps(), RATE, DECAY, step -> {
                if (step % EVERY == 0 || step == session.options().steps()) {
                    float[][] now = model.logits(all);
                    logits.add(now);
                    Fourier.add(curves, "training_loss", Fourier.loss(now, trained));
                    Fourier.add(curves, "test_loss", Fourier.loss(now, heldOut));
                    Fourier.add(curves, "test_accuracy", Fourier.accuracy(now, heldOut));
                    if (step % (10 * EVERY) == 0) {
                        session.progress(step + " steps, held-out accuracy " + curves.get("test_accuracy").getLast());
                    }
                }
            });
            double[] spectrum = Fourier.spectrum(embedding(model));
            List<Integer> keys = IntStream.rangeClosed(1, spectrum.length).boxed()
                    .sorted(Comparator.comparingDouble(k -> -spectrum[k - 1])).limit(NUM_KEYS).sorted().toList();
            // Of the last circuit, at all times.
            for (float[][] now : logits) {
                double[] mean = Fourier.byDifference(now);
                double[] restricted = Fourier.restricted(mean, keys);
                Fourier.add(curves, "restricted_loss", Fourier.loss(Fourier.ofDifference(restricted), heldOut));
                Fourier.add(curves, "excluded_loss", Fourier.loss(Fourier.minus(now, restricted), trained));
            }
            measured.put("spectrum_after", Fourier.list(spectrum));
            measured.put("keys", keys);
            measured.put("keys_of_spectrum", keys.stream().mapToDouble(k -> spectrum[k - 1]).sum());
            measured.put("logits_explained", Fourier.explained(logits.getLast(), keys));
        }
        measured.putAll(curves);
        measured.put("accuracy", curves.get("test_accuracy").getLast());
        measured.put("grokked_at", first(curves.get("test_accuracy"), 0.99));
        measured.put("memorized_at", first(curves.get("training_loss").stream().map(x -> -x).toList(), -0.01));
        return measured;
    }

    private static int first(List<Double> curve, double least) {
        return EVERY * (int) curve.stream().takeWhile(x -> x < least).count();
    }

    private static float[][] embedding(SmallModel model) {
        Tensor table = model.model().weights().all().entrySet().stream()
                .filter(e -> e.getKey().role() == Role.EMBEDDING).map(e -> ((Weight.Stored) e.getValue()).tensor())
                .findFirst().orElseThrow();
        float[][] rows = new float[PRIME][];
        for (int a = 0; a < PRIME; a++) {
            rows[a] = table.rows(a, a + 1).toArray();
        }
        return rows;
    }

    private static void report(Session session) throws IOException {
        Tables table = new Tables(List.of("seed", "training loss < 0.01 at step", "held-out accuracy ≥ 99 % at step",
                "held-out accuracy", "frequencies", "share of the embedding's spectrum",
                "share of the logits' variance"));
        List<Line> losses = new ArrayList<>();
        List<Line> spectra = new ArrayList<>();
        for (int seed : session.options().seeds()) {
            List<Map<String, Object>> found = session.results().all(settings(session, seed));
            if (found.isEmpty()) {
                continue;
            }
            Map<String, Object> result = found.getFirst();
            table.row(List.of(Integer.toString(seed), Tables.cell(found, "memorized_at", "%.0f"),
                    Tables.cell(found, "grokked_at", "%.0f"), Tables.cell(found, "accuracy", "%.3f"),
                    result.get("keys").toString(), Tables.cell(found, "keys_of_spectrum", "%.3f"),
                    Tables.cell(found, "logits_explained", "%.3f")));
            if (losses.isEmpty()) {
                for (String name : List.of("training", "test", "restricted", "excluded")) {
                    losses.add(new Line(name, Arrays.stream(Results.numbers(result, name + "_loss"))
                            .map(x -> Math.clamp(x, LEAST_SHOWN, MOST_SHOWN)).toArray()));
                }
                spectra.add(new Line("before training", Results.numbers(result, "spectrum_before")));
                spectra.add(new Line("after training", Results.numbers(result, "spectrum_after")));
            }
        }
        session.write("grokking.md", table.toString());
        if (!losses.isEmpty()) {
            session.write("grokking.svg", LineChart.svg(List.of(new Panel("a + b mod " + PRIME,
                    "cross-entropy in nats, clipped to 0.01 to 20",
                    Axis.linear("steps", session.options().steps()), Scale.LOGARITHMIC, losses))));
            session.write("grokking-fourier.svg", LineChart.svg(List.of(new Panel("Fourier spectrum of the embedding",
                    "share of the squared norm", Axis.linear("frequency", PRIME / 2),
                    Scale.LINEAR, spectra))));
        }
    }

    /// Fourier transforms over the residues mod p.
    static final class Fourier {
        private Fourier() { }

        static void add(Map<String, List<Double>> curves, String name, double value) {
            curves.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
        }

        static List<Double> list(double[] values) {
            return Arrays.stream(values).boxed().toList();
        }

        private static double angle(int k, int d) {
            return 2 * Math.PI * k * d / PRIME;
        }

        /// The share of each frequency from 1 to (p-1)/2 in the squared norm of a table of p rows, without its mean.
        static double[] spectrum(float[][] rows) {
            double[] power = new double[PRIME / 2];
            double sum = 0;
            for (int k = 1; k <= power.length; k++) {
                for (int i = 0; i < rows[0].length; i++) {
                    double cos = 0;
                    double sin = 0;
                    for (int a = 0; a < PRIME; a++) {
                        cos += rows[a][i] * Math.cos(angle(k, a));
                        sin += rows[a][i] * Math.sin(angle(k, a));
                    }
                    power[k - 1] += cos * cos + sin * sin;
                }
                sum += power[k - 1];
            }
            for (int k = 0; k < power.length; k++) {
                power[k] /= sum;
            }
            return power;
        }

        /// The mean logit by `a + b - c mod p`, over all pairs in the order of `a · p + b`, without its mean.
        static double[] byDifference(float[][] logits) {
            double[] mean = new double[PRIME];
            double all = 0;
            for (int n = 0; n < logits.length; n++) {
                double ofPair = mean(logits[n]);
                for (int c = 0; c < PRIME; c++) {
                    mean[difference(n, c)] += (logits[n][c] - ofPair) / logits.length;
                }
            }
            for (double m : mean) {
                all += m / PRIME;
            }
            for (int d = 0; d < PRIME; d++) {
                mean[d] -= all;
            }
            return mean;
        }

        private static double mean(float[] logits) {
            double sum = 0;
            for (int c = 0; c < PRIME; c++) {
                sum += logits[c];
            }
            return sum / PRIME;
        }

        private static int difference(int pair, int c) {
            return (pair / PRIME + pair % PRIME - c + PRIME) % PRIME;
        }

        /// The part of a function of the difference that lies in cosines and sines of these frequencies.
        static double[] restricted(double[] f, List<Integer> keys) {
            double[] part = new double[PRIME];
            for (int k : keys) {
                double cos = 0;
                double sin = 0;
                for (int d = 0; d < PRIME; d++) {
                    cos += 2 * f[d] * Math.cos(angle(k, d)) / PRIME;
                    sin += 2 * f[d] * Math.sin(angle(k, d)) / PRIME;
                }
                for (int d = 0; d < PRIME; d++) {
                    part[d] += cos * Math.cos(angle(k, d)) + sin * Math.sin(angle(k, d));
                }
            }
            return part;
        }

        /// Logits of all pairs of a function of the difference.
        static float[][] ofDifference(double[] f) {
            float[][] logits = new float[PRIME * PRIME][PRIME];
            for (int n = 0; n < logits.length; n++) {
                for (int c = 0; c < PRIME; c++) {
                    logits[n][c] = (float) f[difference(n, c)];
                }
            }
            return logits;
        }

        static float[][] minus(float[][] logits, double[] f) {
            float[][] rest = ofDifference(f);
            for (int n = 0; n < rest.length; n++) {
                for (int c = 0; c < PRIME; c++) {
                    rest[n][c] = logits[n][c] - rest[n][c];
                }
            }
            return rest;
        }

        /// The share of the logits' variance within each pair that these frequencies of the difference explain.
        static double explained(float[][] logits, List<Integer> keys) {
            double[] f = restricted(byDifference(logits), keys);
            double all = 0;
            double part = 0;
            for (int n = 0; n < logits.length; n++) {
                double ofPair = mean(logits[n]);
                for (int c = 0; c < PRIME; c++) {
                    double centered = logits[n][c] - ofPair;
                    all += centered * centered;
                    part += f[difference(n, c)] * f[difference(n, c)];
                }
            }
            return part / all;
        }

        /// The mean cross-entropy over pairs, among the p residues.
        static double loss(float[][] logits, List<Integer> pairs) {
            double loss = 0;
            for (int n : pairs) {
                double most = Double.NEGATIVE_INFINITY;
                for (int c = 0; c < PRIME; c++) {
                    most = Math.max(most, logits[n][c]);
                }
                double sum = 0;
                for (int c = 0; c < PRIME; c++) {
                    sum += Math.exp(logits[n][c] - most);
                }
                loss += (most + Math.log(sum) - logits[n][(n / PRIME + n % PRIME) % PRIME]) / pairs.size();
            }
            return loss;
        }

        static double accuracy(float[][] logits, List<Integer> pairs) {
            return SmallModel.accuracy(pairs.stream().map(n -> logits[n]).toArray(float[][]::new),
                    pairs.stream().mapToInt(n -> (n / PRIME + n % PRIME) % PRIME).toArray());
        }
    }
}

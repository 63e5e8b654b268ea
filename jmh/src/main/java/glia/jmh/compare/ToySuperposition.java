package glia.jmh.compare;

import glia.jmh.LineChart.Axis;
import glia.jmh.LineChart.Line;
import glia.jmh.LineChart.Panel;
import glia.jmh.LineChart.Scale;
import glia.jmh.LineChart;
import glia.tensor.DType;
import glia.tensor.Hash;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.report.Svg;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/// Superposition in a toy model (https://transformer-circuits.pub/2022/toy_model/index.html): n features that are
/// rarely active go through m < n dimensions, `y = ReLU(Wᵀ W x + b)`. The sparser the features, the more of them are
/// stored, in directions that are not orthogonal. Options: [Options]. Writes superposition.jsonl, superposition.md,
/// superposition.svg (dimensions a feature) and superposition-plane.svg (directions in two dimensions).
public final class ToySuperposition {
    private static final int STEPS = 5000;
    private static final double RATE = 1e-3;
    private static final int BATCH = 256;
    private static final int HELD_OUT = 20_000;
    /// Initial values of the small model, of which the best result counts: it has many local minima.
    private static final int STARTS = 8;
    /// Five features in two dimensions, each less important than the last; 60 equal ones in 12.
    private static final int[] PLANE = {5, 2};
    private static final int[] MANY = {60, 12};
    private static final List<Double> PLANE_SPARSITY = List.of(0.0, 0.8, 0.9, 0.95);
    private static final List<Double> MANY_SPARSITY = List.of(0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99);

    private ToySuperposition() { }

    /// @param args see [Options]
    public static void main(String[] args) throws IOException {
        try (Session session = new Session(Options.parse(args, STEPS), "superposition", System.out)) {
            for (int seed : session.options().seeds()) {
                for (double sparsity : PLANE_SPARSITY) {
                    session.measure(settings(session, PLANE, sparsity, seed), () ->
                            run(session, PLANE, sparsity, 0.9, seed));
                }
                for (double sparsity : MANY_SPARSITY) {
                    session.measure(settings(session, MANY, sparsity, seed), () ->
                            run(session, MANY, sparsity, 1, seed));
                }
            }
            report(session);
        }
    }

    private static Map<String, Object> settings(Session session, int[] sizes, double sparsity, int seed) {
        return Task.settings("features", sizes[0], "dimensions", sizes[1], "sparsity", sparsity, "steps",
                session.options().steps(), "seed", seed);
    }

    private static Map<String, Object> run(Session session, int[] sizes, double sparsity, double importance,
            int seed) {
        Map<String, Object> best = Map.of("loss", Double.POSITIVE_INFINITY);
        for (int start = 0; start < (sizes == PLANE ? STARTS : 1); start++) {
            try (Toy toy = new Toy(session.kernels(), sizes[0], sizes[1], sparsity, importance,
                    STARTS * seed + start)) {
                int steps = session.options().steps();
                for (int step = 0; step < steps; step++) {
                    toy.step(step, RATE * (step < 0.8 * steps ? 1 : 0.1));
                }
                float[] w = toy.directions();
                double squares = 0;
                for (float x : w) {
                    squares += (double) x * x;
                }
                double loss = toy.loss();
                if (loss < (double) best.get("loss")) {
                    best = Map.of("loss", loss, "dimensions_a_feature", sizes[1] / squares, "stored", toy.stored(),
                            "directions", toList(w));
                }
            }
        }
        return best;
    }

    private static List<Double> toList(float[] values) {
        List<Double> list = new ArrayList<>();
        for (float v : values) {
            list.add((double) v);
        }
        return list;
    }

    private static void report(Session session) throws IOException {
        Tables table = new Tables(List.of("sparsity", "features stored, of " + PLANE[0] + " in " + PLANE[1],
                "features stored, of " + MANY[0] + " in " + MANY[1], "dimensions a feature"));
        List<Line> lines = new ArrayList<>();
        for (double sparsity : MANY_SPARSITY) {
            table.row(List.of(Double.toString(sparsity), Tables.cell(of(session, PLANE, sparsity), "stored", "%.1f"),
                    Tables.cell(of(session, MANY, sparsity), "stored", "%.1f"),
                    Tables.cell(of(session, MANY, sparsity), "dimensions_a_feature", "%.2f")));
        }
        for (int seed : session.options().seeds()) {
            lines.add(new Line("seed " + seed, MANY_SPARSITY.stream().mapToDouble(s -> Results.mean(
                    session.results().all(settings(session, MANY, s, seed)), "dimensions_a_feature")).toArray()));
        }
        session.write("superposition.md", table.toString());
        session.write("superposition.svg", LineChart.svg(List.of(new Panel(MANY[0] + " features in " + MANY[1]
                + " dimensions", "dimensions a feature, m / ‖W‖²", Axis.of("1 / (1 - sparsity)",
                MANY_SPARSITY.stream().map(s -> String.format(Locale.ROOT, "%.0f", 1 / (1 - s))).toList()),
                Scale.LINEAR, lines))));
        session.write("superposition-plane.svg", plane(session));
    }

    private static List<Map<String, Object>> of(Session session, int[] sizes, double sparsity) {
        List<Map<String, Object>> found = new ArrayList<>();
        session.options().seeds().forEach(seed ->
                found.addAll(session.results().all(settings(session, sizes, sparsity, seed))));
        return found;
    }

    private static String plane(Session session) {
        int size = 180;
        Svg svg = new Svg(size * PLANE_SPARSITY.size(), size + 30);
        for (int i = 0; i < PLANE_SPARSITY.size(); i++) {
            double middle = size * (i + 0.5);
            svg.text(middle, 20, "middle", "sparsity " + PLANE_SPARSITY.get(i));
            for (Map<String, Object> result : session.results().all(settings(session, PLANE, PLANE_SPARSITY.get(i),
                    session.options().seeds().getFirst()))) {
                double[] w = Results.numbers(result, "directions");
                for (int f = 0; f < PLANE[0]; f++) {
                    double x = middle + 60 * w[2 * f];
                    double y = 30 + size / 2.0 - 60 * w[2 * f + 1];
                    svg.line(middle, 30 + size / 2.0, x, y, Svg.color(f), 2);
                    svg.circle(x, y, 4, Svg.color(f), "feature " + f);
                }
            }
        }
        return svg.toString();
    }

    /// The model and its training. The gradient is written out.
    static final class Toy implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final Gradients gradients = new Gradients();
        private final Optimizer optimizer;
        private final int numFeatures;
        private final int size;
        private final double sparsity;
        private final double importance;
        private final int seed;
        /// A direction a row.
        private final Weight.Stored w;
        private final Weight.Stored b;

        Toy(Kernels kernels, int numFeatures, int size, double sparsity, double importance, int seed) {
            this.numFeatures = numFeatures;
            this.size = size;
            this.sparsity = sparsity;
            this.importance = importance;
            this.seed = seed;
            SplittableRandom random = new SplittableRandom(Hash.of(seed, -1));
            float[] initial = new float[numFeatures * size];
            for (int i = 0; i < initial.length; i++) {
                initial[i] = (float) (random.nextGaussian() / Math.sqrt(numFeatures));
            }
            w = new Weight.Stored(Tensor.of(arena, initial, numFeatures, size));
            b = new Weight.Stored(Tensor.allocate(arena, DType.F32, numFeatures));
            optimizer = new Optimizer(kernels, List.of(new ParameterGroup(Map.of("w", w, "b", b), new AdamW(), 0, 1)));
        }

        float[] directions() {
            return w.tensor().toArray();
        }

        /// Features whose directions have a length of at least a half.
        int stored() {
            float[] all = directions();
            int count = 0;
            for (int i = 0; i < numFeatures; i++) {
                count += dot(all, i * size, all, i * size) >= 0.25 ? 1 : 0;
            }
            return count;
        }

        private double dot(float[] x, int i, float[] y, int j) {
            double sum = 0;
            for (int e = 0; e < size; e++) {
                sum += (double) x[i + e] * y[j + e];
            }
            return sum;
        }

        /// The loss of new examples, the mean of `Σ importanceⁱ · (x_i - y_i)²`.
        double loss() {
            float[] all = directions();
            float[] bias = b.tensor().toArray();
            SplittableRandom random = new SplittableRandom(Hash.of(-2));
            double loss = 0;
            for (int n = 0; n < HELD_OUT; n++) {
                loss += gradient(example(random), all, bias, new float[all.length], new float[bias.length])
                        / HELD_OUT;
            }
            return loss;
        }

        private float[] example(SplittableRandom random) {
            float[] x = new float[numFeatures];
            for (int i = 0; i < numFeatures; i++) {
                double value = random.nextDouble();
                x[i] = random.nextDouble() < sparsity ? 0 : (float) value;
            }
            return x;
        }

        /// A step of Adam on a batch of new examples.
        void step(long step, double rate) {
            float[] all = directions();
            float[] bias = b.tensor().toArray();
            float[] dw = new float[all.length];
            float[] db = new float[bias.length];
            SplittableRandom random = new SplittableRandom(Hash.of(seed, step));
            for (int n = 0; n < BATCH; n++) {
                gradient(example(random), all, bias, dw, db);
            }
            set(gradients.of(w), dw);
            set(gradients.of(b), db);
            optimizer.step(gradients, rate, 1f / BATCH);
        }

        private static void set(Tensor to, float[] values) {
            for (int i = 0; i < values.length; i++) {
                to.set(i, values[i]);
            }
        }

        /// The loss of an example, whose gradient is added.
        double gradient(float[] x, float[] all, float[] bias, float[] dw, float[] db) {
            float[] h = new float[size];
            float[] dh = new float[size];
            for (int i = 0; i < numFeatures; i++) {
                for (int e = 0; x[i] != 0 && e < size; e++) {
                    h[e] += x[i] * all[i * size + e];
                }
            }
            double loss = 0;
            double factor = 1;
            for (int i = 0; i < numFeatures; i++, factor *= importance) {
                double before = dot(all, i * size, h, 0) + bias[i];
                double error = Math.max(0, before) - x[i];
                loss += factor * error * error;
                float slope = before > 0 ? (float) (2 * factor * error) : 0;
                db[i] += slope;
                for (int e = 0; slope != 0 && e < size; e++) {
                    dw[i * size + e] += slope * h[e];
                    dh[e] += slope * all[i * size + e];
                }
            }
            for (int i = 0; i < numFeatures; i++) {
                for (int e = 0; x[i] != 0 && e < size; e++) {
                    dw[i * size + e] += x[i] * dh[e];
                }
            }
            return loss;
        }

        @Override
        public void close() {
            optimizer.close();
            gradients.close();
            arena.close();
        }
    }
}

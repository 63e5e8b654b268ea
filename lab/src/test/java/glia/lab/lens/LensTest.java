package glia.lab.lens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.inspect.LayerStates;
import glia.engine.load.LoadOptions;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.lab.lens.ActivationPatching.Part;
import glia.lab.lens.PairDirections.Method;
import glia.lab.lens.PairDirections.Pair;
import glia.lab.lens.PairDirections.Tokens;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.spec.Role;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Logit lens, activation patching and directions of pairs against their definitions, computed by hand.
class LensTest {
    private static LanguageModel model;
    private static Engine engine;

    @BeforeAll
    static void load() throws Exception {
        model = LanguageModel.load(new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K",
                Progress.NONE).path(), LoadOptions.defaults().withPrecision(Precision.EXACT));
        engine = model.engine();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static int[] ids(String text) {
        return model.tokenizer().encode(text, true);
    }

    private static Map<Integer, float[][]> states(int... ids) {
        Map<Integer, float[][]> states = new HashMap<>();
        LayerStates.read(engine, ids, (layer, hidden, _) -> {
            float[][] rows = new float[ids.length][];
            Arrays.setAll(rows, n -> hidden.rows(n, n + 1).toArray());
            states.put(layer, rows);
        });
        return states;
    }

    private static Tensor weight(Role role) {
        return model.model().weights().all().entrySet().stream().filter(e -> e.getKey().role() == role)
                .map(e -> ((Weight.Stored) e.getValue()).tensor()).findFirst().orElseThrow();
    }

    @Test
    void theLensReadsHiddenStatesWithTheFinalNormAndTheHead() {
        int[] ids = ids("Once upon a time");
        List<LogitLens.Layer> layers = LogitLens.of(engine, ids, 3);
        assertEquals(List.of(-1, 0, 1, 2, 3, 4), layers.stream().map(LogitLens.Layer::layer).toList());
        Map<Integer, float[][]> states = states(ids);
        float[] norm = weight(Role.FINAL_WEIGHT).toArray();
        Tensor head = weight(Role.EMBEDDING);
        double[] last = softmax(states.get(4)[2], norm, head);
        for (LogitLens.Layer layer : layers) {
            double[] p = softmax(states.get(layer.layer())[2], norm, head);
            LogitLens.Prediction found = layer.tokens().get(2);
            int best = best(p);
            double entropy = 0;
            double divergence = 0;
            for (int v = 0; v < p.length; v++) {
                entropy -= p[v] * Math.log(p[v]);
                divergence += last[v] * Math.log(last[v] / p[v]);
            }
            assertEquals(best, found.top()[0]);
            assertEquals(p[best], found.probabilities()[0], 1e-4);
            assertEquals(entropy, found.entropy(), 1e-3);
            assertEquals(divergence, found.divergence(), 1e-3);
            assertEquals(p[best(last)], found.ofFinal(), 1e-4);
        }
        assertEquals(0, layers.getLast().tokens().get(0).divergence(), 1e-5);
        assertTrue(layers.getFirst().tokens().get(3).divergence() > 0.1);
    }

    private static int best(double[] p) {
        int best = 0;
        for (int v = 1; v < p.length; v++) {
            best = p[v] > p[best] ? v : best;
        }
        return best;
    }

    private static double[] softmax(float[] hidden, float[] norm, Tensor head) {
        double squares = 0;
        for (float x : hidden) {
            squares += (double) x * x;
        }
        double scale = 1 / Math.sqrt(squares / hidden.length + 1e-5);
        double[] p = new double[head.rows()];
        double sum = 0;
        for (int v = 0; v < p.length; v++) {
            for (int i = 0; i < hidden.length; i++) {
                p[v] += hidden[i] * scale * norm[i] * head.get((long) v * hidden.length + i);
            }
            p[v] = Math.exp(p[v]);
            sum += p[v];
        }
        for (int v = 0; v < p.length; v++) {
            p[v] /= sum;
        }
        return p;
    }

    @Test
    void findsTheLargestInOrder() {
        assertArrayEquals(new int[] {3, 0, 4}, LogitLens.top(new float[] {5, -1, 2, 9, 4}, 3));
        assertArrayEquals(new int[] {1, 0}, LogitLens.top(new float[] {1, 2}, 2));
    }

    /// Each cell is a run of its own from the start, without shared prefixes.
    @Test
    void patchingReplacesOneActivation() {
        int[] ids = ids("Tom had a big dog");
        int[] others = ids("Tom had a big cat");
        assertEquals(ids.length, others.length);
        int[] answers = {ids[3], ids[2]};
        ActivationPatching found = ActivationPatching.of(engine, ids, others, answers, List.of(Part.values()),
                (done, total) -> assertTrue(done <= total));
        assertEquals(List.of(0, 1, 2, 3, 4), found.layers());
        Map<Integer, float[][]> streams = new HashMap<>();
        Map<Integer, float[][]> updates = new HashMap<>();
        double first = difference(ids, answers, record(streams, updates));
        double second = difference(others, answers, new LayerHook() { });
        assertEquals(first, found.first(), 1e-3);
        assertEquals(second, found.second(), 1e-3);
        for (int layer : List.of(0, 3)) {
            for (int token = 0; token < ids.length; token++) {
                int at = token;
                double[] expected = {difference(others, answers, replace(2 * layer + 1, at, streams, false)),
                    difference(others, answers, replace(2 * layer, at, updates, true)),
                    difference(others, answers, replace(2 * layer + 1, at, updates, true))};
                for (int part = 0; part < 3; part++) {
                    assertEquals((expected[part] - second) / (first - second), found.recovered()[part][layer][token],
                            2e-3, "part " + part + ", layer " + layer + ", token " + token);
                }
            }
        }
        double[] last = found.recovered()[0][4];
        assertEquals(1, last[ids.length - 1], 1e-4, "the last state decides");
        assertEquals(0, last[ids.length - 2], 1e-4, "after the last layer no other token is read");
        assertEquals(0, found.recovered()[0][2][0], 1e-4, "the same so far");
    }

    private static LayerHook record(Map<Integer, float[][]> streams, Map<Integer, float[][]> updates) {
        return new LayerHook() {
            @Override
            public void update(int sublayer, Tensor update) {
                copy(sublayer, update, updates);
            }

            @Override
            public void stream(int sublayer, Tensor stream) {
                copy(sublayer, stream, streams);
            }

            private void copy(int sublayer, Tensor x, Map<Integer, float[][]> to) {
                float[][] rows = new float[x.rows()][];
                Arrays.setAll(rows, n -> x.rows(n, n + 1).toArray());
                to.put(sublayer, rows);
            }
        };
    }

    private static LayerHook replace(int where, int token, Map<Integer, float[][]> values, boolean isUpdate) {
        return new LayerHook() {
            @Override
            public void update(int sublayer, Tensor update) {
                set(sublayer, update, isUpdate);
            }

            @Override
            public void stream(int sublayer, Tensor stream) {
                set(sublayer, stream, !isUpdate);
            }

            private void set(int sublayer, Tensor x, boolean isWanted) {
                for (int i = 0; isWanted && sublayer == where && i < x.cols(); i++) {
                    x.set((long) token * x.cols() + i, values.get(where)[token][i]);
                }
            }
        };
    }

    private static double difference(int[] ids, int[] answers, LayerHook hook) {
        try (Sequence sequence = engine.open()) {
            engine.add(sequence, ids, 0, ids.length, Pass.Outputs.LAST);
            Tensor logits = engine.run(hook);
            return logits.get(answers[0]) - (double) logits.get(answers[1]);
        }
    }

    @Test
    void patchingNeedsPromptsOfOneLengthAndTwoAnswers() {
        int[] ids = ids("Tom had a big dog");
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ActivationPatching.of(engine, ids,
                Arrays.copyOf(ids, 3), new int[0], List.of(Part.RESIDUAL), (_, _) -> { })).getMessage()
                .contains("expected as many"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ActivationPatching.of(engine, ids, ids,
                new int[0], List.of(Part.RESIDUAL), (_, _) -> { })).getMessage().contains("same answer"));
        assertEquals(0, engine.stateBytes());
    }

    @Test
    void directionsAreTheMeanDifferenceOfHiddenStates() {
        String[][] texts = {{"Tom was happy", "Tom was sad"}, {"Lily smiled", "Lily cried a lot"}};
        List<Pair> pairs = Arrays.stream(texts).map(t -> new Pair(ids(t[0]), ids(t[1]))).toList();
        PairDirections found = PairDirections.of(engine, pairs, Method.MEAN, Tokens.LAST);
        double[] expected = new double[64];
        for (Pair pair : pairs) {
            float[][] positive = states(pair.positive()).get(3);
            float[][] negative = states(pair.negative()).get(3);
            for (int i = 0; i < 64; i++) {
                expected[i] += (positive[positive.length - 1][i] - (double) negative[negative.length - 1][i]) / 2;
            }
        }
        double length = Math.sqrt(Arrays.stream(expected).map(x -> x * x).sum());
        assertEquals(List.of(1, 2, 3, 4), found.layers().stream().map(PairDirections.Layer::layer).toList());
        assertEquals(length, found.layers().get(2).difference(), 1e-3 * length);
        for (int i = 0; i < 64; i++) {
            assertEquals(expected[i] / length, found.directions().get(3)[i], 1e-3);
            assertEquals(expected[i] / 2, found.vector("v", 3, 4, false).directions().get(3)[i], 1e-3 * length);
        }
    }

    /// The mean of the tokens after those with which both texts begin.
    @Test
    void directionsOfAllTokensLeaveOutTheCommonBeginning() {
        int[] positive = ids("Tom was happy and glad");
        int[] negative = ids("Tom was sad");
        int common = Arrays.mismatch(positive, negative);
        PairDirections found = PairDirections.of(engine, List.of(new Pair(positive, negative)), Method.MEAN,
                Tokens.ALL);
        double[] expected = new double[64];
        add(expected, states(positive).get(2), common, 1);
        add(expected, states(negative).get(2), common, -1);
        double length = Math.sqrt(Arrays.stream(expected).map(x -> x * x).sum());
        for (int i = 0; i < 64; i++) {
            assertEquals(expected[i] / length, found.directions().get(2)[i], 1e-3);
        }
    }

    private static void add(double[] sum, float[][] rows, int from, int sign) {
        for (int t = from; t < rows.length; t++) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += sign * (double) rows[t][i] / (rows.length - from);
            }
        }
    }

    /// Differences `a · u + noise`, whose mean is far from u.
    @Test
    void theComponentIsThatOfTheLargestVariance() {
        Random random = new Random(1);
        List<double[]> differences = new ArrayList<>();
        for (int n = 0; n < 40; n++) {
            double along = n % 2 == 0 ? 10 : -9;
            double[] d = new double[6];
            for (int i = 0; i < 6; i++) {
                d[i] = 0.3 * random.nextGaussian() + (i == 4 ? along : 0) + (i == 1 ? 1 : 0);
            }
            differences.add(d);
        }
        double[] found = PairDirections.component(differences);
        double length = Math.sqrt(Arrays.stream(found).map(x -> x * x).sum());
        assertTrue(found[4] / length > 0.99, "on the side of the mean: " + Arrays.toString(found));
    }
}

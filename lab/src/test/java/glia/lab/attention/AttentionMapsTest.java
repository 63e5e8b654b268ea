package glia.lab.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Engine;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionMapsTest {
    private static final int[] IDS = {5, 9, 33, 2, 17, 8, 41};
    private static final double STEP = 1e-2;

    private interface Use {
        void of(Engine engine);
    }

    private static void with(String golden, Use use) throws Exception {
        Path folder = Path.of(AttentionMapsTest.class.getResource("/golden/" + golden + "/config.json").toURI())
                .getParent();
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            use.of(engine);
        }
    }

    /// The windows of gemma2 have 4 tokens.
    @ParameterizedTest
    @CsvSource({"llama, 0", "gemma2, 4", "mpt, 0", "bloom, 0", "gpt2, 0"})
    void everyTokenLooksAtWhatItSeesAndNowhereElse(String golden, int window) throws Exception {
        with(golden, engine -> {
            List<AttentionMaps.Map> maps = AttentionMaps.of(engine, IDS);
            assertEquals(engine.model().spec().numLayers(), maps.size());
            for (AttentionMaps.Map map : maps) {
                boolean slides = window > 0 && map.layer() % 2 == 0;
                assertTrue(map.mixer().contains("attention"), map.mixer());
                for (float[][] head : map.weights()) {
                    for (int n = 0; n < IDS.length; n++) {
                        double sum = 0;
                        for (int p = 0; p < IDS.length; p++) {
                            boolean visible = p <= n && (!slides || p > n - window);
                            assertEquals(visible, head[n][p] > 0, map.layer() + ": " + n + " at " + p);
                            sum += head[n][p];
                        }
                        assertEquals(1, sum, 1e-5);
                    }
                }
            }
        });
    }

    /// The best logit of each token by differences along each number of each embedding.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2", "bloom", "bert", "mamba2", "qwen3_next"})
    void influenceIsTheNormOfTheSlopes(String golden) throws Exception {
        with(golden, engine -> {
            GradientSaliency influence = GradientSaliency.of(engine, IDS);
            int hidden = engine.model().spec().hiddenSize();
            for (int token = 0; token < IDS.length; token += 3) {
                double[] squares = new double[IDS.length];
                for (int i = 0; i < hidden; i++) {
                    double[] above = best(engine, influence.best(), token, i, STEP);
                    double[] below = best(engine, influence.best(), token, i, -STEP);
                    for (int t = 0; t < squares.length; t++) {
                        double slope = (above[t] - below[t]) / (2 * STEP);
                        squares[t] += slope * slope;
                    }
                }
                for (int t = 0; t < squares.length; t++) {
                    assertEquals(Math.sqrt(squares[t]), influence.norms()[t][token],
                            2e-2 * (1 + Math.sqrt(squares[t])), "of token " + token + " on " + t);
                }
            }
        });
    }

    /// Each token's best logit where one number of one embedding is another.
    private static double[] best(Engine engine, int[] best, int token, int index, double change) {
        WatchedOps ops = new WatchedOps(engine.ops()) {
            private boolean changed;

            @Override
            public Tensor embed(Weight table, int[] ids, int count, int frozenRow) {
                Tensor x = super.embed(table, ids, count, frozenRow);
                if (!changed) {
                    long at = (long) token * x.cols() + index;
                    x.set(at, x.get(at) + (float) change);
                    changed = true;
                }
                return x;
            }
        };
        engine.ops().release(0);
        Pass pass = new Pass().add(IDS, 0, IDS.length, 0, Pass.Outputs.ALL);
        Tensor logits = engine.model().decoder().forward(ops, pass, States.NONE);
        double[] found = new double[IDS.length];
        for (int t = 0; t < found.length; t++) {
            found[t] = logits.get((long) t * logits.cols() + best[t]);
        }
        engine.ops().release(0);
        return found;
    }
}

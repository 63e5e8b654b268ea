package glia.lab.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.lab.WatchedOps;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Gradient saliency against finite differences, and against one pass for each target.
class GradientSaliencyTest {
    private static final int[] IDS = {5, 9, 33, 2, 17, 8, 41};
    private static final double STEP = 1e-2;
    /// Targets of such a text take more than one pass.
    private static final int LONG_TOKENS = 33;

    /// Families with attention of all kinds, experts, latents, recurrences and convolutions.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "gpt_oss", "deepseek_v32", "qwen3_next", "minimax",
        "falcon_h1", "nemotron_h_latent", "gemma4_text_moe", "llama4_text", "bert", "modernbert"})
    void manyTargetsInAPassChangeNothing(String golden) throws Exception {
        AttentionMapsTest.with(golden, engine -> {
            int[] ids = new Random(3).ints(LONG_TOKENS, 1, engine.model().spec().vocabSize()).toArray();
            List<Integer> reports = new ArrayList<>();
            GradientSaliency saliency = GradientSaliency.of(engine, ids, ids.length, (done, total) -> {
                assertEquals(LONG_TOKENS, total);
                reports.add(done);
            });
            GradientSaliency last = GradientSaliency.of(engine, ids, 2, (done, total) -> assertEquals(2, total));
            assertEquals(LONG_TOKENS - 2, last.first());
            assertEquals(-1, last.best()[LONG_TOKENS - 3]);
            assertEquals(saliency.best()[LONG_TOKENS - 1], last.best()[LONG_TOKENS - 1]);
            assertTrue(reports.size() > 1, reports::toString);
            assertEquals(LONG_TOKENS, reports.getLast());
            for (int t = 0; t < ids.length; t += 13) {
                double[] alone = alone(engine, ids, t, saliency.best()[t]);
                double largest = 0;
                for (double norm : alone) {
                    largest = Math.max(largest, norm);
                }
                for (int s = 0; s < ids.length; s++) {
                    assertEquals(alone[s], saliency.norms()[t][s], 1e-4 * largest, "token " + s + " for target " + t);
                }
            }
        });
    }

    /// The saliency for one target, by a pass over the whole text that computes everything.
    private static double[] alone(Engine engine, int[] ids, int target, int best) {
        double[] norms = new double[ids.length];
        try (Gradients gradients = new Gradients();
                Recorder recorder = new Recorder(engine.ops().kernels(), gradients, w -> false)) {
            boolean[] isWatching = new boolean[1];
            Tensor logits = engine.decoder().forward(new WatchedOps(recorder) {
                @Override
                public Tensor embed(Weight table, int[] tokens, int count, int frozenRow) {
                    Tensor x = super.embed(table, tokens, count, frozenRow);
                    if (!isWatching[0]) {
                        isWatching[0] = true;
                        recorder.watch(x, gradient -> {
                            for (int i = 0; i < gradient.size(); i++) {
                                norms[i / x.cols()] += Math.pow(gradient.get(i), 2);
                            }
                        });
                    }
                    return x;
                }
            }, new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.ALL), States.NONE);
            assertEquals(engine.ops().kernels().argmax(logits, target), best);
            recorder.gradient(logits).set((long) target * logits.cols() + best, 1);
            recorder.backward();
        }
        for (int s = 0; s < norms.length; s++) {
            norms[s] = Math.sqrt(norms[s]);
        }
        return norms;
    }

    /// The best logit of each token by differences along each number of each embedding.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2", "bloom", "bert", "mamba2", "qwen3_next"})
    void saliencyIsTheNormOfTheSlopes(String golden) throws Exception {
        AttentionMapsTest.with(golden, engine -> {
            GradientSaliency saliency = GradientSaliency.of(engine, IDS);
            int hidden = engine.model().spec().hiddenSize();
            for (int token = 0; token < IDS.length; token += 3) {
                double[] squares = new double[IDS.length];
                for (int i = 0; i < hidden; i++) {
                    double[] above = best(engine, saliency.best(), token, i, STEP);
                    double[] below = best(engine, saliency.best(), token, i, -STEP);
                    for (int t = 0; t < squares.length; t++) {
                        double slope = (above[t] - below[t]) / (2 * STEP);
                        squares[t] += slope * slope;
                    }
                }
                for (int t = 0; t < squares.length; t++) {
                    assertEquals(Math.sqrt(squares[t]), saliency.norms()[t][token],
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

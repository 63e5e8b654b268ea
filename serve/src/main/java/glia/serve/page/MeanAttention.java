package glia.serve.page;

import glia.engine.LanguageModel;
import glia.lab.attention.AttentionMaps;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;

/// The attention weights of a text, averaged over all heads of all attention layers:
/// `mean[t][s] = 1/(L·H) Σ a[l][h][t][s]`. It says where a model looks, not what decides its output (Jain and Wallace,
/// "Attention is not Explanation", 2019).
final class MeanAttention {
    /// One text at a time: each takes a pass and a map of all heads of a layer.
    private static final Semaphore ONE = new Semaphore(1);

    private final double[][] sums;
    private int numMaps;
    private int numLayers;

    private MeanAttention(int numTokens) {
        sums = new double[numTokens][numTokens];
    }

    /// Runs a pass on a platform thread while the model's scheduler is paused.
    static MeanAttention of(LanguageModel model, int[] ids) throws InterruptedException {
        MeanAttention mean = new MeanAttention(ids.length);
        ONE.acquire();
        try {
            FutureTask<Void> pass = new FutureTask<>(() -> model.scheduler().whilePaused(() -> {
                AttentionMaps.each(model.engine(), ids, mean::add);
                return null;
            }));
            Thread.ofPlatform().daemon().name("glia-attention").start(pass);
            pass.get();
            return mean;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            ONE.release();
        }
    }

    private void add(AttentionMaps.Map map) {
        numLayers++;
        for (float[][] head : map.weights()) {
            numMaps++;
            for (int t = 0; t < sums.length; t++) {
                for (int s = 0; s < sums.length; s++) {
                    sums[t][s] += head[t][s];
                }
            }
        }
    }

    /// The number of attention layers.
    int numLayers() {
        return numLayers;
    }

    /// The rows of all tokens from one on; row t has t + 1 weights.
    List<double[]> rows(int first) {
        List<double[]> rows = new ArrayList<>();
        for (int t = first; t < sums.length; t++) {
            double[] row = new double[t + 1];
            for (int s = 0; s <= t; s++) {
                row[s] = numMaps == 0 ? 0 : Math.rint(1e4 * sums[t][s] / numMaps) / 1e4;
            }
            rows.add(row);
        }
        return rows;
    }
}

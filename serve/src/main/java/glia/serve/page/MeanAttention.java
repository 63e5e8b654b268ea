package glia.serve.page;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.TurnLock;
import glia.lab.attention.AttentionMaps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// The attention weights of a text, averaged over all heads of all attention layers:
/// `mean[t][s] = 1/(L·H) Σ a[l][h][t][s]`. It says where a model looks, not what decides its output (Jain and Wallace,
/// "Attention is not Explanation", 2019).
final class MeanAttention {
    /// One text at a time: each takes a pass and a map of all heads of a layer.
    private static final TurnLock ONE = new TurnLock();

    private final double[][] sums;
    private int numMaps;
    private int numLayers;

    private MeanAttention(int numTokens) {
        sums = new double[numTokens][numTokens];
    }

    /// Runs a pass on an engine of its own, so that the model's scheduler can serve others between two layers.
    ///
    /// @param key whose text it is: callers take turns by key
    /// @param goesOn called while it waits and after each layer: false ends that
    /// @return null if it was ended
    static MeanAttention of(LanguageModel model, int[] ids, String key, BooleanSupplier goesOn)
            throws InterruptedException {
        if (!ONE.lock(key, goesOn)) {
            return null;
        }
        try (Engine engine = model.engine().forContext(model.contextLength())) {
            Scheduler scheduler = model.scheduler();
            return scheduler.inTurn(key, () -> {
                MeanAttention mean = new MeanAttention(ids.length);
                AttentionMaps.each(engine, ids, map -> {
                    mean.add(map);
                    if (!goesOn.getAsBoolean()) {
                        throw new UncheckedIOException(new IOException("the client went before its answer"));
                    }
                    scheduler.serveOthers();
                });
                return mean;
            });
        } finally {
            ONE.unlock();
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

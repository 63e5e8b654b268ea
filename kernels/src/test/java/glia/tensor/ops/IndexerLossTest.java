package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.IndexerTraining.Stage;
import glia.tensor.ops.attention.IndexerLoss;
import glia.tensor.ops.attention.IndexerLoss.Scores;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The gradient of the indexer's loss, compared with finite differences of its formula in F64.
class IndexerLossTest {
    private static final int TOKENS = 9;
    private static final Runs RUNS = new Runs().add(6, 0).add(3, 0);
    private static final int[][] LISTS = {{0}, {1}, {0, 2}, {0, 3}, {0, 2, 4}, {1, 3, 5}, {0}, {0, 1}, {0, 2}};
    private static final AttentionShape SHAPE = new AttentionShape(4, 2, 5, 3, 0.4f, new Span.Causal());
    private static final int HEADS = 3;
    private static final int SIZE = 4;
    /// Widths of y, q, k and the indexer's queries, keys and weights.
    private static final int[] WIDTHS = {2, 20, 10, HEADS * SIZE, SIZE, HEADS};
    private static final double STEP = 1e-5;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gradientMatchesFiniteDifferences(boolean isDense) {
        Random random = new Random(3);
        IndexerTraining training = new IndexerTraining(isDense ? Stage.DENSE : Stage.SPARSE);
        try (Workers workers = new Workers(2); Gradients gradients = new Gradients(); Arena arena = Arena.ofConfined();
                Recorder ops = new Recorder(KernelBackends.choose("vector", workers).kernels(), gradients)) {
            Weight[] w = new Weight[WIDTHS.length];
            double[][] values = new double[w.length][];
            for (int i = 0; i < w.length; i++) {
                Tensor t = Tensor.allocate(arena, DType.F32, TOKENS, WIDTHS[i]);
                values[i] = random.doubles(t.size(), -1.5, 1.5).map(d -> (float) d).toArray();
                for (int j = 0; j < values[i].length; j++) {
                    t.set(j, (float) values[i][j]);
                }
                w[i] = new Weight.Stored(t);
            }
            Tensor y = ops.apply(new IndexerLoss(rows(ops, w[0]), rows(ops, w[1]), rows(ops, w[2]), SHAPE,
                    new Scores(rows(ops, w[3]), rows(ops, w[4]), rows(ops, w[5])), RUNS,
                    isDense ? Optional.empty() : Optional.of(SparseAttentionTest.lists(LISTS)), training));
            for (int i = 0; i < y.size(); i++) {
                assertEquals(values[0][i], y.get(i), "y passes through");
                ops.gradient(y).set(i, i);
            }
            ops.backward();
            assertEquals(divergence(values, isDense), training.take(), 1e-6);
            for (int i = 0; i < values[0].length; i++) {
                assertEquals(i, gradients.of(w[0]).get(i), "the gradient of y passes through");
            }
            for (int of = 1; of < w.length; of++) {
                for (int i = 0; i < values[of].length; i++) {
                    assertEquals(of < 3 ? 0 : slope(values, of, i, isDense), gradients.of(w[of]).get(i), 1e-5,
                            "input " + of + ", value " + i);
                }
            }
            assertTrue(Double.isNaN(training.take()), "nothing more");
        }
    }

    private static double slope(double[][] values, int of, int i, boolean isDense) {
        double before = values[of][i];
        values[of][i] = before + STEP;
        double above = divergence(values, isDense);
        values[of][i] = before - STEP;
        double below = divergence(values, isDense);
        values[of][i] = before;
        return (above - below) / (2 * STEP);
    }

    private static double divergence(double[][] v, boolean isDense) {
        double sum = 0;
        for (int n = 0; n < TOKENS; n++) {
            int token = n;
            int start = n < 6 ? 0 : 6;
            int[] keys = isDense ? IntStream.rangeClosed(start, n).toArray()
                    : Arrays.stream(LISTS[n]).map(i -> start + i).toArray();
            double[] p = new double[keys.length];
            for (int h = 0; h < 4; h++) {
                int head = h;
                double[] of = softmax(Arrays.stream(keys).mapToDouble(j -> 0.4 * dot(v[1], (token * 4 + head) * 5,
                        v[2], (j * 2 + head / 2) * 5, 5)).toArray());
                Arrays.setAll(p, i -> p[i] + of[i] / 4);
            }
            double[] scores = softmax(Arrays.stream(keys).mapToDouble(j -> IntStream.range(0, HEADS).mapToDouble(h ->
                    v[5][token * HEADS + h] * Math.max(0, dot(v[3], (token * HEADS + h) * SIZE, v[4], j * SIZE, SIZE)))
                    .sum()).toArray());
            sum += IntStream.range(0, p.length).mapToDouble(i -> p[i] * Math.log(p[i] / scores[i])).sum();
        }
        return sum / TOKENS;
    }

    private static double dot(double[] a, int at, double[] b, int other, int size) {
        return IntStream.range(0, size).mapToDouble(i -> a[at + i] * b[other + i]).sum();
    }

    private static double[] softmax(double[] x) {
        double sum = Arrays.stream(x).map(Math::exp).sum();
        return Arrays.stream(x).map(s -> Math.exp(s) / sum).toArray();
    }
}

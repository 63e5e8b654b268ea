package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.SparsePrompts;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Attention of a prompt's chunk to chosen pages.
class SparsePromptsTest {
    private static final int SIZE = 16;
    private static final int PAGE = 64;
    private static final int LENGTH = SparsePrompts.LEAST + 300;
    private static final int ROWS = 300;
    private static final int HEADS = 4;
    private static final AttentionShape SHAPE = new AttentionShape(HEADS, 2, SIZE, SIZE, 0.25f, new Span.Causal());

    /// Keys, values and queries of random directions; where some pages have larger keys, attention is sparse.
    private record Prompt(Tensor q, KeyValues keys, Runs runs) {
        static Prompt of(Arena arena, float page, float distance) {
            Random random = new Random(3);
            Tensor k = Tensor.allocate(arena, DType.F32, LENGTH + PAGE, 2 * SIZE);
            Tensor v = Tensor.allocate(arena, DType.F32, LENGTH + PAGE, 2 * SIZE);
            Tensor q = Tensor.allocate(arena, DType.F32, ROWS, HEADS * SIZE);
            for (int i = 0; i < k.size(); i++) {
                int at = i / k.cols();
                boolean isColumn = at / PAGE == 21 && i % SIZE == 0;
                boolean isLine = i % SIZE == 1 + at / PAGE % 8;
                k.set(i, 0.3f * (float) random.nextGaussian() + (isColumn ? page : 0) + (isLine ? distance : 0));
                v.set(i, (float) random.nextGaussian());
            }
            for (int i = 0; i < q.size(); i++) {
                boolean isLine = i % SIZE == 1 + (LENGTH - ROWS + i / q.cols() - 9 * PAGE) / PAGE % 8;
                q.set(i, (float) random.nextGaussian() * 0.3f + (i % SIZE == 0 ? page : 0) + (isLine ? distance : 0));
            }
            KeyValues keys = new KeyValues(PAGE, k.cols(), v.cols());
            for (int at = 0; at < LENGTH; at += PAGE) {
                keys.addPage(k.address() + at * k.rowBytes(), v.address() + at * v.rowBytes());
            }
            keys.setLength(LENGTH);
            return new Prompt(q, keys, new Runs().add(ROWS, LENGTH - ROWS));
        }

        double difference(Arena arena, Kernels kernels, SparsePrompts sparse) {
            Tensor y = Tensor.allocate(arena, DType.F32, ROWS, HEADS * SIZE);
            Tensor expected = Tensor.allocate(arena, DType.F32, ROWS, HEADS * SIZE);
            KeyValues[] views = {keys};
            assertTrue(sparse.applies(views, runs, SHAPE));
            sparse.attend(y, q, views, runs, SHAPE, Scores.NO_PARAMETERS);
            kernels.attention(expected, null, q, views, runs, SHAPE);
            double most = 0;
            for (int i = 0; i < y.size(); i++) {
                most = Math.max(most, Math.abs(y.get(i) - expected.get(i)));
            }
            return most;
        }
    }

    /// Random attention needs nearly all pages for nearly all of its weight.
    @Test
    void allPagesAreFullAttention() {
        for (String backend : new String[] {"best", "scalar"}) {
            try (Arena arena = Arena.ofShared(); Workers workers = new Workers(2)) {
                Kernels kernels = KernelBackends.choose(backend, workers).kernels();
                SparsePrompts sparse = new SparsePrompts(kernels, 0.9999999);
                assertTrue(Prompt.of(arena, 0, 0).difference(arena, kernels, sparse) < 1e-5, backend);
                SparsePrompts.Figures figures = sparse.takeFigures().orElseThrow();
                assertEquals(1, figures.pages(), 1e-9);
                assertEquals(0, figures.lost(), 1e-6);
                assertTrue(sparse.takeFigures().isEmpty());
            }
        }
    }

    /// A page that all attend to, and pages at a distance.
    @Test
    void fewPagesHoldWhatIsWanted() {
        for (float[] strength : new float[][] {{7, 0}, {0, 7}, {5, 5}}) {
            try (Arena arena = Arena.ofShared(); Workers workers = new Workers(1)) {
                Kernels kernels = KernelBackends.choose("best", workers).kernels();
                SparsePrompts sparse = new SparsePrompts(kernels, 0.98);
                double difference = Prompt.of(arena, strength[0], strength[1]).difference(arena, kernels, sparse);
                SparsePrompts.Figures figures = sparse.takeFigures().orElseThrow();
                assertTrue(figures.pages() < 0.6, figures.toString());
                assertTrue(figures.lost() <= 0.04, figures.toString());
                assertTrue(difference < 0.3 && difference > 0, "difference " + difference);
            }
        }
    }

    @Test
    void whatIsNotCoveredIsRefusedOrDense() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose("scalar", workers).kernels();
            assertThrows(IllegalArgumentException.class, () -> new SparsePrompts(kernels, 1));
            Prompt prompt = Prompt.of(arena, 0, 0);
            SparsePrompts sparse = new SparsePrompts(kernels, 0.9);
            KeyValues[] views = {prompt.keys};
            assertTrue(!sparse.applies(views, new Runs().add(1, LENGTH - 1), SHAPE), "a decoded token");
            assertTrue(!sparse.applies(views, prompt.runs, new AttentionShape(HEADS, 2, SIZE, SIZE, 0.25f,
                    new Span.Sliding(512))), "a window");
            assertTrue(!sparse.applies(new KeyValues[] {KeyValues.of(prompt.q, prompt.q)}, new Runs().add(ROWS, 0),
                    SHAPE), "a short prompt");
        }
        LoadOptions options = new LoadOptions(1, 0, "scalar", Precision.EXACT).withPrefill(0.9);
        assertEquals(0.9, options.withKeyValueType(KeyValueType.BF16).prefill().orElseThrow());
        assertThrows(IllegalArgumentException.class, options::withBatchInvariance);
    }
}

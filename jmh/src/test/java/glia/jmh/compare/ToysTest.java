package glia.jmh.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.jmh.compare.Grokking.Fourier;
import glia.jmh.compare.InductionHeads.Repeated;
import glia.jmh.compare.ToySuperposition.Toy;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The measurements of the experiments of docs/looking-inside.md, on planted structures.
class ToysTest {
    /// Logits `cos(w (a + b - c))` of two frequencies, beside a part of `a` alone.
    @Test
    void theFourierCircuitIsFound() {
        int p = Grokking.PRIME;
        float[][] logits = new float[p * p][p + 1];
        float[][] embedding = new float[p][4];
        for (int a = 0; a < p; a++) {
            embedding[a][0] = (float) Math.cos(2 * Math.PI * 3 * a / p);
            embedding[a][1] = (float) Math.sin(2 * Math.PI * 7 * a / p);
            embedding[a][2] = 1;
            for (int b = 0; b < p; b++) {
                for (int c = 0; c < p; c++) {
                    int d = a + b - c;
                    logits[a * p + b][c] = (float) (10 * Math.cos(2 * Math.PI * 3 * d / p)
                            + 20 * Math.cos(2 * Math.PI * 7 * d / p)) + a;
                }
            }
        }
        double[] spectrum = Fourier.spectrum(embedding);
        assertEquals(0.5, spectrum[2], 1e-6);
        assertEquals(0.5, spectrum[6], 1e-6);
        assertEquals(1, Fourier.explained(logits, List.of(3, 7)), 1e-6);
        assertEquals(0.8, Fourier.explained(logits, List.of(7)), 1e-6);
        List<Integer> pairs = List.of(5, 77, 500);
        assertEquals(1, Fourier.accuracy(logits, pairs));
        double[] restricted = Fourier.restricted(Fourier.byDifference(logits), List.of(3, 7));
        assertEquals(Fourier.loss(logits, pairs), Fourier.loss(Fourier.ofDifference(restricted), pairs), 1e-5);
        assertEquals(Math.log(p), Fourier.loss(Fourier.minus(logits, restricted), pairs), 1e-5);
    }

    @Test
    void sequencesRepeatAndTargetsKnowIt() {
        Repeated data = new Repeated(1);
        Repeated.Example example = data.example(3);
        for (int t = example.period(); t < Repeated.LENGTH; t++) {
            assertEquals(example.ids()[t - example.period()], example.ids()[t]);
        }
        TokenBatch repeated = data.batch(0, true);
        TokenBatch first = data.batch(0, false);
        assertEquals(IntStream.range(0, 32).map(i -> Repeated.LENGTH - 1).sum(),
                repeated.numRows() + first.numRows());
        assertTrue(repeated.numRows() > first.numRows());
        assertArrayEquals(example.ids(), new Repeated(1).example(3).ids());
    }

    @Test
    void theGradientOfTheToyModelIsThatOfItsLoss() {
        Random random = new Random(1);
        float[] w = new float[12];
        float[] b = new float[4];
        float[] x = {0.5f, 0, 0.9f, 0.2f};
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) random.nextGaussian();
        }
        try (Workers workers = new Workers(1);
                Toy toy = new Toy(KernelBackends.choose("best", workers).kernels(), 4, 3, 0.5, 0.9, 1)) {
            float[] dw = new float[12];
            float[] db = new float[4];
            toy.gradient(x, w, b, dw, db);
            for (int i = 0; i < w.length + b.length; i++) {
                float[] of = i < 12 ? w : b;
                int at = i < 12 ? i : i - 12;
                float was = of[at];
                of[at] = was + 1e-3f;
                double up = toy.gradient(x, w, b, new float[12], new float[4]);
                of[at] = was - 1e-3f;
                double down = toy.gradient(x, w, b, new float[12], new float[4]);
                of[at] = was;
                assertEquals((up - down) / 2e-3, i < 12 ? dw[at] : db[at], 5e-3, "parameter " + i);
            }
        }
    }

    /// Two features in two dimensions need no superposition.
    @Test
    void asManyFeaturesAsDimensionsAreAllStored() {
        try (Workers workers = new Workers(1);
                Toy toy = new Toy(KernelBackends.choose("best", workers).kernels(), 2, 2, 0.5, 1, 1)) {
            double before = toy.loss();
            for (int step = 0; step < 300; step++) {
                toy.step(step, 0.01);
            }
            assertTrue(toy.loss() < 0.02 * before, before + " then " + toy.loss());
            assertEquals(2, toy.stored());
        }
    }
}

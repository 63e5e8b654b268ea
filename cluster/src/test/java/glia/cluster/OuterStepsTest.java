package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.recipe.RunRanks.Outer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// DiLoCo and streaming DiLoCo, beside the formulas in doubles.
class OuterStepsTest {
    private static final int RANKS = 3;
    private static final int STEPS = 24;
    private static final int[] SIZES = {300, 700};

    /// What a rank's own training adds to a weight in a step.
    private static double change(int rank, int weight, int i, int step) {
        return Math.sin(1 + rank * 5 + weight * 3 + i * 0.1 + step * 0.7) * 0.01;
    }

    /// The weights of each rank after all steps, and the bytes that all sent.
    private record Outcome(double[][][] weights, long sent) { }

    private static Outcome run(Outer outer) throws Exception {
        double[][][] weights = new double[RANKS][SIZES.length][];
        long[] sent = new long[RANKS];
        ThreadRanks.<Exception>run(RANKS, collective -> {
            int rank = collective.rank();
            try (Workers workers = new Workers(1)) {
                Map<String, Weight.Stored> own = new LinkedHashMap<>();
                for (int w = 0; w < SIZES.length; w++) {
                    own.put("w" + w, new Weight.Stored(Tensor.allocate(Arena.ofAuto(), DType.F32, 1, SIZES[w])));
                }
                OuterSteps steps = new OuterSteps(collective.duplicate(),
                        KernelBackends.choose("best", workers).kernels(),
                        own, outer);
                for (int s = 1; s <= STEPS; s++) {
                    for (int w = 0; w < SIZES.length; w++) {
                        int weight = w;
                        int step = s;
                        own.get("w" + w).update(t -> {
                            for (int i = 0; i < SIZES[weight]; i++) {
                                t.set(i, t.get(i) + (float) change(rank, weight, i, step));
                            }
                        });
                    }
                    // Messages of the steps between, while those of outer steps are under way.
                    assertEquals(3, collective.all(s).length);
                    steps.updated(s);
                }
                for (int w = 0; w < SIZES.length; w++) {
                    float[] values = own.get("w" + w).tensor().toArray();
                    weights[rank][w] = new double[values.length];
                    Arrays.setAll(weights[rank][w], i -> values[i]);
                }
                sent[rank] = collective.bytesSent();
            }
            return 0;
        });
        return new Outcome(weights, Arrays.stream(sent).sum());
    }

    /// The algorithm by its definition. Each weight is a fragment, or both are one.
    private static double[][][] expected(Outer outer) {
        double[][][] w = new double[RANKS][SIZES.length][];
        double[][] v = new double[SIZES.length][];
        double[][] b = new double[SIZES.length][];
        double[][] delta = new double[SIZES.length][];
        long[] due = new long[SIZES.length];
        for (int k = 0; k < SIZES.length; k++) {
            v[k] = new double[SIZES[k]];
            b[k] = new double[SIZES[k]];
            for (int r = 0; r < RANKS; r++) {
                w[r][k] = new double[SIZES[k]];
            }
        }
        for (int step = 1; step <= STEPS; step++) {
            boolean isWhole = step == outer.last() || step % outer.whole() == 0;
            for (int k = 0; k < SIZES.length; k++) {
                for (int r = 0; r < RANKS; r++) {
                    for (int i = 0; i < SIZES[k]; i++) {
                        w[r][k][i] += change(r, k, i, step);
                    }
                }
                if (delta[k] != null && (isWhole || step == due[k])) {
                    take(outer, w, v[k], b[k], delta[k], k, outer.overlap() > 0 ? outer.mix() : 0);
                    delta[k] = null;
                }
                // The larger weight is the first fragment's if it comes first, else the second one's.
                long offset = outer.fragments() == 1 ? 0 : outer.every() * k / 2;
                if (isWhole || step >= outer.every() && (step - offset) % outer.every() == 0) {
                    delta[k] = new double[SIZES[k]];
                    for (int i = 0; i < SIZES[k]; i++) {
                        for (int r = 0; r < RANKS; r++) {
                            delta[k][i] += (v[k][i] - w[r][k][i]) / RANKS;
                        }
                    }
                    due[k] = step + outer.overlap();
                    if (isWhole || outer.overlap() == 0) {
                        take(outer, w, v[k], b[k], delta[k], k, 0);
                        delta[k] = null;
                    }
                }
            }
        }
        return w;
    }

    private static void take(Outer outer, double[][][] w, double[] v, double[] b, double[] delta, int k, double mix) {
        for (int i = 0; i < v.length; i++) {
            b[i] = outer.momentum() * b[i] + delta[i];
            v[i] -= outer.rate() * (delta[i] + outer.momentum() * b[i]);
            for (double[][] rank : w) {
                rank[k][i] = mix * rank[k][i] + (1 - mix) * v[i];
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4,1,0,4", "4,2,0,24", "6,2,2,24", "6,1,3,24", "6,2,5,12", "5,2,1,23"})
    void stepsAreThoseOfTheFormulas(long every, int fragments, long overlap, long whole) throws Exception {
        for (long last : new long[] {STEPS, STEPS + 1}) {
            Outer outer = new Outer(every, 0.7, 0.9, 32, fragments, overlap, 0.5, whole, last);
            Outcome found = run(outer);
            double[][][] expected = expected(outer);
            for (int r = 0; r < RANKS; r++) {
                for (int k = 0; k < SIZES.length; k++) {
                    assertArrayEquals(expected[r][k], found.weights[r][k], 1e-5);
                }
            }
            if (last == STEPS) {
                assertArrayEquals(found.weights[0], found.weights[2]);
            }
        }
    }

    /// Bytes by their formulas; weights are near those of 32 bits, and the same on all ranks.
    ///
    /// @param part of the largest number by which rounding is off at most
    @ParameterizedTest
    @CsvSource({"8,0.003937", "4,0.25"})
    void messagesOfFewBits(int bits, double part) throws Exception {
        Outcome exact = run(new Outer(4, 0.7, 0.9, 32, 1, 0, 0.5, 4, STEPS));
        Outcome rounded = run(new Outer(4, 0.7, 0.9, bits, 1, 0, 0.5, 4, STEPS));
        int n = SIZES[0] + SIZES[1];
        assertEquals(STEPS / 4 * 2L * (RANKS - 1) * 4 * n, exact.sent);
        assertEquals(STEPS / 4 * (long) RANKS * (RANKS - 1) * 4 * (4 + 32 * bits), rounded.sent);
        assertArrayEquals(rounded.weights[0], rounded.weights[1]);
        // A rank changes a weight by 0.01 a step, and what is lost at an outer step comes back with the momentum.
        double bound = 0;
        for (int left = 1; left <= STEPS / 4; left++) {
            for (int k = 0; k <= left; k++) {
                bound += 0.7 * Math.pow(0.9, k) * part * 4 * 0.01;
            }
        }
        double worst = 0;
        for (int i = 0; i < SIZES[1]; i++) {
            worst = Math.max(worst, Math.abs(exact.weights[0][1][i] - rounded.weights[0][1][i]));
        }
        assertTrue(worst > 0 && worst < bound, worst + " of " + bound);
    }

    /// Each number becomes the nearest of its format.
    @ParameterizedTest
    @CsvSource({"8", "4"})
    void numbersAreRoundedToTheNearest(int bits) {
        Random random = new Random(3);
        int n = 1000;
        MemorySegment values = Arena.ofAuto().allocate(4L * n);
        for (int i = 0; i < n; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 50 == 7 ? 0
                    : (float) (random.nextGaussian() * Math.pow(10, -3 * random.nextDouble())));
        }
        OuterMessage message = new OuterMessage(bits);
        MemorySegment sent = Arena.ofAuto().allocate(message.bytes(n));
        MemorySegment read = Arena.ofAuto().allocate(4L * n);
        message.encode(values, sent);
        message.add(sent, read);
        for (int block = 0; block < n; block += 256) {
            double most = 0;
            for (int i = block; i < Math.min(n, block + 256); i++) {
                most = Math.max(most, Math.abs(values.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
            }
            double[] levels = new double[bits == 8 ? 255 : 15];
            for (int l = 0; l < levels.length; l++) {
                int q = l - levels.length / 2;
                levels[l] = bits == 8 ? q * most / 127 : q == 0 ? 0 : Math.signum(q) * most * Math.pow(2,
                        Math.abs(q) - 7);
            }
            for (int i = block; i < Math.min(n, block + 256); i++) {
                double x = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                double least = Arrays.stream(levels).map(l -> Math.abs(l - x)).min().orElseThrow();
                assertEquals(least, Math.abs(read.getAtIndex(ValueLayout.JAVA_FLOAT, i) - x), 1e-6 * most, "" + x);
            }
        }
    }

    @Test
    void messagesOfNothingAreEmpty() {
        assertEquals(0, new OuterMessage(4).bytes(0));
        assertEquals(4 + 128, new OuterMessage(4).bytes(1));
    }
}

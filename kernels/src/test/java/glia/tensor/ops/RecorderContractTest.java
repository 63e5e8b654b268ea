package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Accumulation of gradients, on a small model of one layer: embedding (tied to the head), norm, attention, gated MLP.
class RecorderContractTest {
    private static final int VOCABULARY = 13;
    private static final int WIDTH = 8;
    private static final AttentionShape ATTENTION = new AttentionShape(2, 1, 4, 4, 0.5f, new Span.Causal());
    private static final RopeTable ROPE = new RopeTable(new float[] {1, 0.1f}, 1, Layout.HALF_SPLIT);
    private static final int[][] TEXTS = {{1, 5, 2, 2, 9, 0, 12}, {3, 3, 7}, {11, 4, 6, 8, 10}};

    /// The weights and a tape over them.
    private static final class Model {
        final Weight[] weights = new Weight[8];
        final Kernels kernels;
        final Gradients gradients;
        final Recorder ops;

        Model(Arena arena, Kernels kernels, Recorder ops, Gradients gradients) {
            this.kernels = kernels;
            this.gradients = gradients;
            this.ops = ops;
            long[][] shapes = {{VOCABULARY, WIDTH}, {WIDTH}, {8, WIDTH}, {4, WIDTH}, {4, WIDTH}, {WIDTH, 8},
                {10, WIDTH}, {WIDTH, 10}};
            for (int i = 0; i < shapes.length; i++) {
                weights[i] = new Weight.Stored(random(arena, 4 + i, shapes[i]));
            }
        }

        /// Adds, in one pass, the gradients of `factor` times a sum over the logits of all texts, each weighted by a
        /// function of its token and place only.
        void learn(float factor, int... texts) {
            Runs runs = new Runs();
            int[] ids = {};
            for (int text : texts) {
                runs.add(TEXTS[text].length, 0);
                ids = Arrays.copyOf(ids, ids.length + TEXTS[text].length);
                System.arraycopy(TEXTS[text], 0, ids, ids.length - TEXTS[text].length, TEXTS[text].length);
            }
            Tensor logits = logits(ids, runs);
            Tensor seed = ops.gradient(logits);
            for (int run = 0; run < texts.length; run++) {
                for (int n = runs.start(run); n < runs.end(run); n++) {
                    int place = n - runs.start(run);
                    for (int v = 0; v < VOCABULARY; v++) {
                        seed.set((long) n * VOCABULARY + v, factor * (float) Math.sin(ids[n] + 3 * place + v));
                    }
                }
            }
            ops.backward();
        }

        private Tensor logits(int[] ids, Runs runs) {
            Tensor x = ops.embed(weights[0], ids, ids.length);
            Tensor h = ops.rmsNorm(x, weights[1], 1e-6f, 0);
            Tensor q = ops.rotate(ops.linear(h, weights[2]), 4, ROPE, runs.positions());
            Tensor k = ops.rotate(ops.linear(h, weights[3]), 4, ROPE, runs.positions());
            Tensor mixed = ops.attention(q, k, ops.linear(h, weights[4]), KeyValueState.NONE, runs, ATTENTION);
            x = ops.residual(x, ops.linear(mixed, weights[5]), 1);
            Tensor up = ops.linear(x, weights[6]);
            x = ops.residual(x, ops.linear(ops.gated(up, up, Activation.SILU), weights[7]), 1);
            return ops.linear(x, weights[0]);
        }

        float[][] learned() {
            return Arrays.stream(weights).map(w -> gradients.of(w).toArray()).toArray(float[][]::new);
        }
    }

    private static void withTwoModels(BiConsumer<Model, Model> test) {
        try (Workers workers = new Workers(2)) {
            Kernels kernels = new ScalarKernels(workers);
            try (Arena arena = Arena.ofConfined(); Gradients a = new Gradients(); Gradients b = new Gradients();
                    Recorder one = new Recorder(kernels, a); Recorder other = new Recorder(kernels, b)) {
                test.accept(new Model(arena, kernels, one, a), new Model(arena, kernels, other, b));
            }
        }
    }

    private static void assertClose(float[][] expected, float[][] found) {
        for (int i = 0; i < expected.length; i++) {
            float largest = 0;
            for (float x : expected[i]) {
                largest = Math.max(largest, Math.abs(x));
            }
            assertArrayEquals(expected[i], found[i], 1e-5f * largest, "weight " + i);
        }
    }

    @Test
    void severalSequencesInOnePassAreTheSumOfPasses() {
        withTwoModels((together, apart) -> {
            together.learn(1, 0, 1, 2);
            for (int text = 0; text < TEXTS.length; text++) {
                apart.learn(1, text);
            }
            assertClose(together.learned(), apart.learned());
        });
    }

    @Test
    void gradientsAccumulateUntilZeroed() {
        withTwoModels((often, once) -> {
            often.learn(1, 0, 2);
            often.learn(1, 0, 2);
            often.learn(0.5f, 2, 0);
            once.learn(2.5f, 0, 2);
            assertClose(once.learned(), often.learned());
            often.gradients.zero(often.kernels);
            for (float[] gradient : often.learned()) {
                assertArrayEquals(new float[gradient.length], gradient);
            }
            often.learn(2.5f, 0, 2);
            assertClose(once.learned(), often.learned());
        });
    }

    @Test
    void anUnusedWeightHasAZeroGradient() {
        withTwoModels((model, other) -> {
            model.ops.embed(model.weights[0], new int[] {1}, 1);
            model.ops.backward();
            assertArrayEquals(new float[VOCABULARY * WIDTH], model.gradients.of(model.weights[0]).toArray());
        });
    }

    @Test
    void whatIsRecordedAfterAPassDoesNotDependOnIt() {
        withTwoModels((used, fresh) -> {
            used.logits(TEXTS[2], new Runs().add(TEXTS[2].length, 0));
            used.ops.clear();
            used.learn(1, 1);
            fresh.learn(1, 1);
            assertClose(fresh.learned(), used.learned());
            assertEquals(0, used.ops.mark());
        });
    }

    @Test
    void rejectsRecordingWithAState() {
        withTwoModels((model, other) -> {
            Tensor x = model.ops.embed(model.weights[0], new int[] {1}, 1);
            KeyValueState recording = (keys, values, runs) -> {
                throw new AssertionError("a state was asked");
            };
            Tensor k = model.ops.linear(x, model.weights[3]);
            Tensor v = model.ops.linear(x, model.weights[4]);
            assertThrows(IllegalArgumentException.class,
                    () -> model.ops.attention(x, k, v, recording, new Runs().add(1, 0), ATTENTION));
        });
    }

    /// In mixed precision the first norm is rounded to BF16 and then overwritten in place, since nothing below is
    /// trainable. The second norm's gradient is the formula on the overwritten values:
    /// `dw[j] = sum of dy[n, j] * x[n, j] / sqrt(mean of x[n]^2 + eps)`.
    @Test
    void overwrittenActivationsAreStoredWithAllTheirBits() {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined();
                Gradients gradients = new Gradients()) {
            Weight frozen = new Weight.Stored(random(arena, 1, WIDTH));
            Weight trainable = new Weight.Stored(random(arena, 2, WIDTH));
            Weight table = new Weight.Stored(random(arena, 3, VOCABULARY, WIDTH));
            Kernels kernels = new ScalarKernels(workers);
            try (Recorder ops = new Recorder(kernels, gradients, w -> w == trainable, Precision.HALF)) {
                int[] ids = TEXTS[0];
                Tensor x = ops.embed(table, ids, ids.length);
                int mark = ops.mark();
                Tensor normed = ops.rmsNorm(x, frozen, 1e-6f, 0);
                Tensor overwritten = ops.residual(normed, x, 1);
                assertSame(normed, overwritten);
                float[] values = overwritten.toArray();
                assertTrue(IntStream.range(0, values.length)
                        .anyMatch(i -> (Float.floatToRawIntBits(values[i]) & 0xffff) != 0));
                Tensor stream = ops.residual(x, ops.rmsNorm(overwritten, trainable, 1e-6f, 0), 1);
                ops.release(mark);
                // Writes over the memory of the released activations.
                ops.scale(x, 7);
                ops.scale(x, -7);
                Tensor seed = ops.gradient(stream);
                double[] expected = new double[WIDTH];
                for (int n = 0; n < ids.length; n++) {
                    double squares = 0;
                    for (int j = 0; j < WIDTH; j++) {
                        squares += (double) values[n * WIDTH + j] * values[n * WIDTH + j];
                    }
                    for (int j = 0; j < WIDTH; j++) {
                        float dy = (float) Math.sin(3 * n + j);
                        seed.set((long) n * WIDTH + j, dy);
                        expected[j] += dy * values[n * WIDTH + j] / Math.sqrt(squares / WIDTH + 1e-6);
                    }
                }
                ops.backward();
                for (int j = 0; j < WIDTH; j++) {
                    assertEquals(expected[j], gradients.of(trainable).get(j), 1e-5, "column " + j);
                }
            }
        }
    }

    private static Tensor random(Arena arena, long seed, long... shape) {
        Random random = new Random(seed);
        Tensor t = Tensor.allocate(arena, DType.F32, shape);
        for (long n = 0; n < t.size(); n++) {
            t.set(n, (float) random.nextGaussian() * 0.5f);
        }
        return t;
    }
}

package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.StridedAttention;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Attention by a fixed pattern against its formula in F64, in every way of feeding.
class StridedAttentionTest {
    private static final int VOCAB = 11;
    private static final int HIDDEN = 12;
    private static final int HEADS = 4;
    private static final int KEY_HEADS = 2;
    private static final int SIZE = 3;
    private static final float SCALE = 0.6f;
    private static final double TOLERANCE = 2e-5;

    private static StridedAttention attention(int window, int stride) {
        return new StridedAttention(new Attention(HEADS, KEY_HEADS, SIZE, SCALE, new Rope.None(), new Span.Causal(),
                new Norm.None(), Bias.NONE), window, stride);
    }

    private static ModelSpec spec(int window, int stride) {
        return new ModelSpec("own", VOCAB, HIDDEN, 4096, Embedding.PLAIN,
                List.of(new Sublayer(0, new Norm.None(), attention(window, stride))), new Norm.None(), Head.SEPARATE);
    }

    /// `W_head · (x + W_o · attend(…))`, position by position.
    private static double[] twin(OwnSpec model, int[] ids, int window, int stride) {
        Place place = Place.of(0);
        float[] embedding = model.weight(Parameter.of(Role.EMBEDDING));
        int count = ids.length;
        double[] x = new double[count * HIDDEN];
        for (int i = 0; i < x.length; i++) {
            x[i] = embedding[ids[i / HIDDEN] * HIDDEN + i % HIDDEN];
        }
        double[] q = product(x, model.weight(new Parameter(place, Role.QUERY)), HIDDEN);
        double[] k = product(x, model.weight(new Parameter(place, Role.KEY)), HIDDEN);
        double[] v = product(x, model.weight(new Parameter(place, Role.VALUE)), HIDDEN);
        double[] mixed = new double[count * HEADS * SIZE];
        for (int n = 0; n < count; n++) {
            for (int h = 0; h < HEADS; h++) {
                double total = 0;
                for (int p = 0; p <= n; p++) {
                    if (p > n - window || p % stride == 0) {
                        int row = p * KEY_HEADS * SIZE + h / (HEADS / KEY_HEADS) * SIZE;
                        double score = 0;
                        for (int e = 0; e < SIZE; e++) {
                            score += q[(n * HEADS + h) * SIZE + e] * k[row + e];
                        }
                        double weight = Math.exp(SCALE * score);
                        total += weight;
                        for (int e = 0; e < SIZE; e++) {
                            mixed[(n * HEADS + h) * SIZE + e] += weight * v[row + e];
                        }
                    }
                }
                for (int e = 0; e < SIZE; e++) {
                    mixed[(n * HEADS + h) * SIZE + e] /= total;
                }
            }
        }
        double[] update = product(mixed, model.weight(new Parameter(place, Role.OUTPUT)), HEADS * SIZE);
        for (int i = 0; i < x.length; i++) {
            x[i] += update[i];
        }
        return product(x, model.weight(Parameter.of(Role.HEAD)), HIDDEN);
    }

    private static double[] product(double[] x, float[] w, int inputs) {
        int outputs = w.length / inputs;
        double[] y = new double[x.length / inputs * outputs];
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < inputs; j++) {
                y[i] += x[i / outputs * inputs + j] * w[i % outputs * inputs + j];
            }
        }
        return y;
    }

    @ParameterizedTest
    @CsvSource({"scalar, 1, 1, 70", "scalar, 1, 7, 70", "vector, 5, 3, 130", "scalar, 64, 16, 200",
        "vector, 3, 500, 90", "vector, 100, 2, 90", "scalar, 2, 64, 129"})
    void everyWayOfFeedingEqualsTheFormula(String kernels, int window, int stride, int length) {
        Random random = new Random(window * 31L + stride);
        int[] ids = random.ints(length, 0, VOCAB).toArray();
        try (OwnSpec model = new OwnSpec(spec(window, stride), kernels, 7); Sequence first = model.open()) {
            double[] expected = twin(model, ids, window, stride);
            close(expected, 0, model.whole(ids));
            int at = 0;
            while (at < length) {
                int to = Math.min(length, at + (random.nextBoolean() ? 1 : 1 + random.nextInt(70)));
                close(expected, at * VOCAB, model.feed(first, ids, at, to));
                at = to;
            }
            try (Sequence again = first.fork()) {
                again.truncate(length / 2);
                close(expected, length / 2 * VOCAB, model.feed(again, ids, length / 2, length));
            }
            PrefixCache cache = model.newPrefixCache();
            cache.insert("", first, ids);
            try (Sequence cached = cache.open("", ids)) {
                assertEquals(Math.min(length - 1, length / 64 * 64), cached.length());
                close(expected, cached.length() * VOCAB, model.feed(cached, ids, cached.length(), length));
            }
            int[] other = ids.clone();
            other[length - 1] = (other[length - 1] + 1) % VOCAB;
            float[] before = Arrays.copyOf(model.whole(ids), (length - 1) * VOCAB);
            assertArrayEquals(before, Arrays.copyOf(model.whole(other), (length - 1) * VOCAB), 0);
        }
    }

    private static void close(double[] expected, int from, float[] found) {
        for (int i = 0; i < found.length; i++) {
            assertEquals(expected[from + i], found[i], TOLERANCE * Math.max(1, Math.abs(expected[from + i])),
                    "logit " + i);
        }
    }

    /// For many windows and strides.
    @Test
    void listsWhatThePatternSays() {
        Random random = new Random(3);
        for (int i = 0; i < 200; i++) {
            int window = 1 + random.nextInt(20);
            int stride = 1 + random.nextInt(20);
            int position = random.nextInt(100);
            StridedAttention pattern = attention(window, stride);
            int[] expected = IntStream.rangeClosed(0, position)
                    .filter(p -> p > position - window || p % stride == 0).toArray();
            assertArrayEquals(expected, IntStream.range(0, pattern.count(position))
                    .map(j -> pattern.seen(position, j)).toArray(), window + ", " + stride + ", " + position);
        }
    }

    @Test
    void aPatternWithoutPositionsIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> attention(0, 1));
        assertThrows(IllegalArgumentException.class, () -> attention(1, 0));
    }
}

package glia.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// **Invariant.** Sequences packed end to end give the loss and the gradients of the same sequences one by one, in
/// every family: nothing crosses the boundaries.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PackedSequencesTest {
    private static final int PACKINGS = 3;
    private static final int FIRST_ID = 5;
    /// Around the widths of convolutions and the chunks of recurrences.
    private static final int[] LENGTHS = {1, 2, 3, 4, 5, 9, 16, 17, 33, 63, 64, 70};
    /// Relative to a tensor's largest value, or to this share of the largest of all.
    private static final double TOLERANCE = 2e-4;
    private static final double SMALL = 1e-3;

    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterAll
    void close() {
        workers.close();
    }

    static List<Path> folders() throws IOException {
        return GoldenFolders.all();
    }

    /// A sequence with the target and the weight of each token, and the source of an encoder-decoder.
    private record Text(int[] ids, int[] targets, float[] weights, int[] source) {
        void addTo(TokenBatch batch) {
            batch.addTargets(ids, targets, weights);
            if (source.length > 0) {
                batch.from(source);
            }
        }

        double totalWeight() {
            double total = 0;
            for (float w : weights) {
                total += w;
            }
            return total;
        }
    }

    private static List<Text> texts(ModelSpec spec, Random random) {
        List<Text> texts = new ArrayList<>();
        int count = 2 + random.nextInt(4);
        for (int s = 0; s < count; s++) {
            // The last one has targets, so that there is a loss.
            texts.add(text(spec, random, s == count - 1 ? 1 : random.nextFloat()));
        }
        return texts;
    }

    /// @param share of the tokens that have a target
    private static Text text(ModelSpec spec, Random random, float share) {
        int[] ids = random.ints(length(spec, random), FIRST_ID, spec.vocabSize()).toArray();
        int[] targets = random.ints(ids.length, FIRST_ID, spec.vocabSize()).toArray();
        float[] weights = new float[ids.length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = random.nextFloat() < share ? 0.5f + random.nextFloat() : 0;
        }
        int[] source = spec.encoder().isEmpty() ? new int[0]
                : random.ints(length(spec, random), FIRST_ID, spec.vocabSize()).toArray();
        return new Text(ids, targets, weights, source);
    }

    private static int length(ModelSpec spec, Random random) {
        return Math.min(LENGTHS[random.nextInt(LENGTHS.length)], spec.contextLength());
    }

    @ParameterizedTest
    @MethodSource("folders")
    void packedSequencesDoNotSeeEachOther(Path folder) throws CheckpointException {
        try (Model model = ModelLoader.load(folder)) {
            for (int seed = 0; seed < PACKINGS; seed++) {
                // With and without activation checkpointing.
                TrainingOptions options = TrainingOptions.defaults().withCheckpoints(seed % 2 * 2);
                assertSame(model, texts(model.spec(), new Random(seed)), options,
                        folder.getFileName() + ", seed " + seed);
            }
        }
    }

    private void assertSame(Model model, List<Text> texts, TrainingOptions options, String name) {
        try (TrainingPass packed = TrainingPass.of(model, kernels, options);
                TrainingPass separate = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            TokenBatch all = new TokenBatch();
            texts.forEach(text -> text.addTo(all));
            double total = texts.stream().mapToDouble(Text::totalWeight).sum();
            double sum = 0;
            for (Text text : texts) {
                if (text.totalWeight() > 0) {
                    TokenBatch one = new TokenBatch();
                    text.addTo(one);
                    sum += separate.loss(one, Loss.CROSS_ENTROPY.scaled(text.totalWeight() / total));
                }
            }
            assertEquals(sum, packed.loss(all), 1e-5 * (1 + sum), name);
            assertSame(separate.gradients(), packed.gradients(), name);
        }
    }

    private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> found, String name) {
        assertEquals(expected.keySet(), found.keySet(), name);
        double largest = expected.values().stream().mapToDouble(PackedSequencesTest::largest).max().orElse(0);
        expected.forEach((parameter, e) -> {
            float[] a = e.toArray();
            float[] b = found.get(parameter).toArray();
            double size = Math.max(largest(e), SMALL * largest);
            for (int i = 0; i < a.length; i++) {
                assertEquals(a[i], b[i], TOLERANCE * size, () -> name + ", gradient of " + parameter + " "
                        + Arrays.toString(e.shape()));
            }
        });
    }

    private static double largest(Tensor t) {
        double largest = 0;
        for (float x : t.toArray()) {
            largest = Math.max(largest, Math.abs(x));
        }
        return largest;
    }
}

package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.Adapters;
import glia.model.adapter.ModuleNames;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Gradients.Bucket;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The order in which gradients become complete, and the event of each.
class GradientBucketsTest {
    private static final Workers WORKERS = new Workers(1);
    private static final Kernels KERNELS = KernelBackends.choose("best", WORKERS).kernels();
    private static final int[] FIRST = {3, 7, 1, 12, 9};
    private static final int[] SECOND = {8, 2, 4};
    /// Each weight has a bucket of its own.
    private static final long SINGLE = 1;

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    /// What a reduction sees: copies of the buckets in the order of the calls.
    private static final class Seen implements Reduction {
        private final List<Integer> order = new ArrayList<>();
        private final Map<Bucket, float[]> values = new LinkedHashMap<>();
        /// The same of the pass before.
        private final Map<Bucket, float[]> before = new LinkedHashMap<>();
        private final Gradients gradients;
        /// The last bucket when the first was complete.
        private float[] lastAtFirst = {};
        private int finished;

        Seen(TrainingPass pass) {
            gradients = pass.weightGradients();
            pass.reduceBy(this);
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public double[] all(double... ofRank) {
            return ofRank;
        }

        @Override
        public void begin() {
            order.clear();
            values.forEach((b, v) -> before.put(b, v));
        }

        @Override
        public void completed(Bucket bucket) {
            if (order.isEmpty()) {
                lastAtFirst = copy(gradients.buckets().getLast());
            }
            order.add(bucket.index());
            values.put(bucket, copy(bucket));
        }

        @Override
        public Shards shard(Gradients of, Predicate<Weight> isWhole, boolean frees) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Map<String, Double> figures() {
            return Map.of();
        }

        @Override
        public void finish(Gradients of) {
            assertSame(gradients, of);
            finished++;
        }
    }

    private static float[] copy(Bucket bucket) {
        return bucket.values().map(Tensor::toArray).orElse(new float[0]);
    }

    /// Tied embeddings, shared layers, experts that no token chose, weights that no pass uses, encoder and decoder,
    /// recomputed segments: each bucket has one event a pass, in the documented order; nothing is added to it later.
    /// The gradients of a step are the sum of those of its passes, each computed into zeros.
    @ParameterizedTest
    @CsvSource({"llama,0", "llama,1", "gemma2,0", "gemma2,2", "deepseek_v3,0", "deepseek_v3,1", "zamba2,0", "zamba2,1",
        "gemma3n,1", "mt5,0", "qwen3_next,1"})
    void eachBucketIsCompleteOnceAndInOrder(String family, int checkpoints) throws Exception {
        try (Model model = ModelLoader.load(Path.of("src/test/resources/golden", family), p -> true);
                TrainingPass pass = TrainingPass.of(model, KERNELS,
                        TrainingOptions.defaults().withCheckpoints(checkpoints));
                TrainingPass plain = TrainingPass.of(model, KERNELS, TrainingOptions.defaults())) {
            pass.planBuckets(SINGLE);
            Seen seen = new Seen(pass);
            List<Bucket> buckets = List.copyOf(pass.weightGradients().buckets());
            assertOrder(model, buckets);
            for (int step = 0; step < 2; step++) {
                seen.values.clear();
                pass.zeroGradients();
                pass.atStep(step);
                for (int[] ids : List.of(FIRST, SECOND)) {
                    pass.loss(batch(model, ids));
                    assertEquals(IntStream.range(0, buckets.size()).boxed().toList(), seen.order);
                    assertEquals(buckets, pass.weightGradients().buckets(), "a weight that was not planned");
                    seen.values.forEach((b, values) -> assertArrayEquals(values, copy(b)));
                }
                pass.finishGradients();
                assertEquals(step + 1, seen.finished);
            }
            plain.planBuckets(SINGLE);
            plain.loss(batch(model, FIRST));
            plain.loss(batch(model, SECOND));
            for (Bucket b : plain.weightGradients().buckets()) {
                float[] sum = seen.before.get(buckets.get(b.index())).clone();
                float[] last = copy(buckets.get(b.index()));
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += last[i];
                }
                assertArrayEquals(b.values().isEmpty() ? new float[sum.length] : copy(b), sum, "bucket " + b.index());
            }
            assertFalse(Arrays.equals(seen.lastAtFirst, copy(buckets.getLast())), "the head waits for the embedding");
        }
    }

    private static TokenBatch batch(Model model, int[] ids) {
        TokenBatch batch = new TokenBatch();
        if (model.spec().encoder().isEmpty()) {
            return batch.add(ids);
        }
        float[] ones = new float[ids.length];
        Arrays.fill(ones, 1);
        return batch.addTargets(ids, ids, ones).from(SECOND);
    }

    /// The reverse of the model's parameters.
    private static void assertOrder(Model model, List<Bucket> buckets) {
        List<Weight> expected = new ArrayList<>();
        model.sources().keySet().stream()
                .filter(p -> p.role() != Role.ROUTER_CORRECTION).map(model.weights()::get)
                .filter(w -> expected.stream().noneMatch(e -> e == w)).forEach(expected::add);
        assertEquals(expected.reversed(), buckets.stream().flatMap(b -> b.weights().stream()).toList());
    }

    /// A small bucket holds several weights, and is complete with the last of them.
    @Test
    void weightsShareBuckets() throws Exception {
        try (Model model = ModelLoader.load(Path.of("src/test/resources/golden/llama"), p -> true);
                TrainingPass pass = TrainingPass.of(model, KERNELS, TrainingOptions.defaults())) {
            pass.planBuckets(20_000);
            List<Bucket> buckets = pass.weightGradients().buckets();
            assertTrue(buckets.size() > 2 && buckets.stream().anyMatch(b -> b.weights().size() > 2));
            assertTrue(buckets.stream().allMatch(b -> b.weights().size() == 1 || 4 * b.size() <= 20_000));
            Seen seen = new Seen(pass);
            pass.loss(batch(model, FIRST));
            assertEquals(IntStream.range(0, buckets.size()).boxed().toList(), seen.order);
            seen.values.forEach((b, values) -> assertArrayEquals(values, copy(b)));
            assertThrows(IllegalStateException.class, () -> pass.planBuckets(SINGLE));
        }
    }

    /// The parts of an adapter are weights like others; one whose layers a loss does not reach has no gradient.
    @ParameterizedTest
    @CsvSource({"false,0", "true,0", "true,1"})
    void adapters(boolean isDecomposed, int checkpoints) throws Exception {
        AdapterConfig config = AdapterConfig.defaults().withRank(2, 4)
                .withTargets(ModuleNames.of("embed_tokens", "q_proj", "down_proj"))
                .with(new AdapterConfig.Variant(false, isDecomposed, false));
        try (Model model = ModelLoader.load(Path.of("src/test/resources/golden/gemma2"));
                Adapters adapters = Adapters.create(model, config, 3);
                TrainingPass pass = TrainingPass.of(adapters.attach(), KERNELS, TrainingOptions.defaults()
                        .withTrainable(adapters::contains).withCheckpoints(checkpoints))) {
            pass.planBuckets(SINGLE);
            Seen seen = new Seen(pass);
            int count = adapters.trainable().size();
            assertEquals(count, pass.weightGradients().buckets().size());
            for (int step = 0; step < 2; step++) {
                seen.order.clear();
                pass.zeroGradients();
                pass.atStep(step);
                pass.loss(batch(model, FIRST), step == 0 ? Loss.CROSS_ENTROPY : Loss.CROSS_ENTROPY.scaled(0));
                assertEquals(IntStream.range(0, count).boxed().toList(), seen.order);
                seen.values.forEach((b, values) -> assertArrayEquals(values, copy(b)));
                seen.values.clear();
            }
            assertFalse(seen.gradients.find(adapters.trainable().values().iterator().next()).isEmpty());
        }
    }
}

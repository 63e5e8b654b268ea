package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.ParameterAdapters;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.format.Encode;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Models of every family with adapters compute and learn as those whose weights are the sums.
class AdaptersTest {
    private static final int RANK = 2;
    private static final float SCALE = 0.5f;
    /// Matrices that ops other than products and lookups work on.
    private static final Set<Role> OTHERS = EnumSet.of(Role.CONVOLUTION, Role.QUERY_CONVOLUTION,
            Role.KEY_CONVOLUTION, Role.VALUE_CONVOLUTION, Role.DECAY, Role.DISTANCES, Role.RECURRENCE, Role.SKIP,
            Role.GATED_NORM, Role.POSITIONS, Role.ENCODER_POSITIONS, Role.ROUTER_TABLE, Role.ENTRY_POSITIONS,
            Role.NGRAM_TABLE, Role.INDEX_POSITIONS, Role.QUERY_SCALE, Role.DISTANCE_SCALE,
            Role.MIX_QUERY, Role.MESSAGE_QUERY);
    private static final Set<Role> TABLES = EnumSet.of(Role.EMBEDDING, Role.LAYER_EMBEDDING, Role.SEGMENTS,
            Role.PATCHER_EMBEDDING);

    @TempDir
    Path temporary;

    static List<String> folders() {
        return GoldenTest.folders();
    }

    private static Pass pass(Model model) {
        // The row of a padding token does not learn, but A does from its lookups.
        int padding = model.spec().embedding().padding().orElse(-1);
        int[] ids = new int[12];
        Arrays.setAll(ids, i -> 3 + 5 * i % 13 == padding ? 2 : 3 + 5 * i % 13);
        Pass pass = new Pass();
        for (int length : new int[] {5, 12}) {
            pass.add(ids, 0, length, 0, Outputs.ALL);
            if (model.spec().encoder().isPresent()) {
                pass.from(ids, 1, length);
            }
        }
        return pass;
    }

    /// The logits; weights learn by a loss.
    private static float[] learn(Model model, Kernels kernels, Gradients gradients, Predicate<Weight> trainable) {
        Pass pass = pass(model);
        int[] targets = new int[pass.numOutputs()];
        Arrays.setAll(targets, i -> (3 * i + 1) % 11);
        try (Recorder recorder = new Recorder(kernels, gradients, trainable)) {
            Tensor logits = model.decoder().forward(recorder, pass, States.NONE);
            float[] numbers = logits.toArray();
            recorder.crossEntropy(logits, targets);
            recorder.backward();
            return numbers;
        }
    }

    private static Predicate<Parameter> matrices(Model model) {
        return p -> model.weights().get(p).shape().length == 2 && !OTHERS.contains(p.role());
    }

    private static ParameterAdapters adapters(Model model, Predicate<Parameter> which) {
        return ParameterAdapters.random(model, which, RANK, SCALE, 5);
    }

    private static Map<Parameter, Weight> sums(ParameterAdapters adapters, Arena arena) {
        Map<Parameter, Weight> sums = new LinkedHashMap<>();
        adapters.all().forEach((p, w) -> sums.put(p, new Weight.Stored(w.toF32(arena))));
        return sums;
    }

    private static void assertClose(float[] expected, float[] found, double tolerance, String what) {
        double largest = 0;
        for (float e : expected) {
            largest = Math.max(largest, Math.abs(e));
        }
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(expected[i], found[i], tolerance * (largest + 1e-6), () -> what + ", number " + at);
        }
    }

    /// `dB = s · dW · Aᵀ`, `dA = s · Bᵀ · dW`.
    private static void assertProjected(Gradients gradients, LowRank w, Tensor dense, String what) {
        float[] db = new float[w.rows() * RANK];
        float[] da = new float[RANK * w.cols()];
        Tensor a = w.a().tensor();
        Tensor b = w.b().tensor();
        for (int r = 0; r < w.rows(); r++) {
            for (int k = 0; k < w.cols(); k++) {
                float d = SCALE * dense.get((long) r * w.cols() + k);
                for (int i = 0; i < RANK; i++) {
                    db[r * RANK + i] += d * a.get((long) i * w.cols() + k);
                    da[i * w.cols() + k] += d * b.get((long) r * RANK + i);
                }
            }
        }
        assertClose(db, gradients.of(w.b()).toArray(), 2e-3, what + ", B");
        assertClose(da, gradients.of(w.a()).toArray(), 2e-3, what + ", A");
    }

    private static void check(Model model, Predicate<Parameter> which, Kernels kernels) {
        try (ParameterAdapters adapters = adapters(model, which); Arena arena = Arena.ofShared();
                Gradients low = new Gradients(); Gradients dense = new Gradients(); Gradients none = new Gradients()) {
            Map<Parameter, Weight> sums = sums(adapters, arena);
            Model merged = model.with(model.weights().with(sums));
            float[] expected = learn(merged, kernels, dense, w -> true);
            assertClose(expected, learn(adapters.attach(), kernels, low, adapters::contains), 1e-3, "logits");
            adapters.all().forEach((p, w) -> {
                assertTrue(low.find(w.base()).isEmpty(), "a frozen base has no gradient");
                assertProjected(low, w, dense.of(sums.get(p)), p.toString());
            });
            float[] without = learn(model, kernels, none, w -> false);
            assertFalse(Arrays.equals(expected, without), "the adapters change nothing");
        }
    }

    /// Magnitudes of rows (DoRA), except for embeddings, which are also looked up.
    @ParameterizedTest
    @MethodSource("folders")
    void everyFamilyComputesAsWithTheDecomposedSums(String family) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(family));
                Arena arena = Arena.ofShared(); Gradients none = new Gradients();
                ParameterAdapters adapters = adapters(model, matrices(model).and(p -> !TABLES.contains(p.role())))) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Map<Parameter, LowRank> decomposed = adapters.withMagnitudes();
            Map<Parameter, Weight> plain = new LinkedHashMap<>();
            decomposed.forEach((p, w) -> plain.put(p, new Weight.Stored(w.toF32(arena))));
            assertClose(learn(model.with(model.weights().with(plain)), kernels, none, w -> false),
                    learn(model.with(model.weights().with(decomposed)), kernels, none, w -> false), 1e-3, family);
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void everyFamilyComputesAndLearnsAsWithTheSums(String family) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(family))) {
            check(model, matrices(model), KernelBackends.choose("best", workers).kernels());
        }
    }

    /// Bases of blocks, on all kernels.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0"})
    void quantizedBasesComputeAndLearnAsWithTheSums(DType type) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder("qwen2"));
                Arena arena = Arena.ofShared()) {
            Map<Parameter, Weight> blocks = new HashMap<>();
            model.weights().all().forEach((p, w) -> {
                if (w.shape().length == 2 && w.cols() % type.blockElements() == 0) {
                    blocks.put(p, new Weight.Stored(Encode.narrow(w.toF32(arena), type, arena)));
                }
            });
            assertTrue(blocks.size() > 4, blocks::toString);
            Model quantized = model.with(model.weights().with(blocks));
            for (String kernels : KernelNames.here()) {
                check(quantized, blocks::containsKey, KernelBackends.choose(kernels, workers).kernels());
            }
        }
    }

    private static float[] logits(Model model, Kernels kernels, Precision precision, int steps) {
        try (Engine engine = new Engine(model, kernels, precision, 1 << 26)) {
            Sequence sequence = engine.open();
            float[] last = null;
            for (int i = 0; i < steps; i++) {
                engine.add(sequence, new int[] {3 + i}, 0, 1, Outputs.LAST);
                last = engine.run().toArray();
            }
            return last;
        }
    }

    /// Generation with adapters that are updated in between, beside the model without them.
    @Test
    void updatesAreSeenAndDetachingChangesNothing() throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder("gemma2"));
                ParameterAdapters adapters = adapters(model, matrices(model)); Arena arena = Arena.ofShared()) {
            for (String name : KernelNames.here()) {
                Kernels kernels = KernelBackends.choose(name, workers).kernels();
                float[] without = logits(model, kernels, Precision.EXACT, 3);
                Model adapted = adapters.attach();
                for (int round = 0; round < 2; round++) {
                    Model merged = model.with(model.weights().with(sums(adapters, arena)));
                    assertClose(logits(merged, kernels, Precision.EXACT, 3),
                            logits(adapted, kernels, Precision.EXACT, 3), 1e-4, name);
                    long version = adapted.weights().version();
                    adapters.all().values().forEach(w -> w.a().update(a -> a.set(0, a.get(0) + 1)));
                    assertEquals(version + adapters.all().size(), adapted.weights().version());
                }
                assertArrayEquals(without, logits(model, kernels, Precision.EXACT, 3));
            }
        }
    }

    /// A folder has no place for adapters: it gets the sums.
    @Test
    void savedModelsHaveTheSums() throws CheckpointException {
        try (Model model = ModelLoader.load(GoldenTest.folder("gpt2"));
                ParameterAdapters adapters = adapters(model, p -> p.role() == Role.QUERY || p.role() == Role.DOWN);
                Arena arena = Arena.ofShared()) {
            ModelWriter.write(adapters.attach(), temporary.resolve("saved"));
            try (Model loaded = ModelLoader.load(temporary.resolve("saved"))) {
                Model attached = adapters.attach();
                loaded.weights().all().forEach((p, w) -> assertArrayEquals(
                        attached.weights().get(p).toF32(arena).toArray(), w.toF32(arena).toArray(), p::toString));
            }
        }
    }
}

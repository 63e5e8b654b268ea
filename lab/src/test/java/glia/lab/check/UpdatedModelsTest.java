package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Models whose weights are copies in memory: they are updated in place, used, saved and loaded again.
class UpdatedModelsTest {
    @TempDir
    Path temporary;

    static List<String> folders() {
        return GoldenTest.folders();
    }

    private static void update(Weight w) {
        ((Weight.Stored) w).update(t -> {
            for (long i = 0; i < t.size(); i++) {
                t.set(i, -0.7f * t.get(i) + 0.01f);
            }
        });
    }

    private static void assertSameNumbers(Model expected, Model found) {
        assertEquals(expected.weights().all().keySet(), found.weights().all().keySet());
        try (Arena arena = Arena.ofConfined()) {
            expected.weights().all().forEach((p, w) -> assertArrayEquals(w.toF32(arena).toArray(),
                    found.weights().get(p).toF32(arena).toArray(), p::toString));
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void updatedWeightsAreSavedAndLoadedAgain(String family) throws IOException {
        Path saved = temporary.resolve("saved");
        try (Model model = ModelLoader.load(GoldenTest.folder(family), p -> true);
                Model other = ModelLoader.load(GoldenTest.folder(family))) {
            assertSameNumbers(other, model);
            model.weights().all().values().forEach(w -> {
                Tensor t = ((Weight.Stored) w).tensor();
                assertEquals(DType.F32, t.dtype());
                assertFalse(t.memory().isMapped());
                update(w);
            });
            ModelWriter.write(model, saved);
            try (Model loaded = ModelLoader.load(saved)) {
                assertEquals(model.spec(), loaded.spec());
                assertSameNumbers(model, loaded);
            }
        }
    }

    /// Parameters that share a stored tensor with others, fused and transposed, are copied without them.
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt_oss", "llama4_text", "qwen3_next", "mpt", "gemma4_text_moe"})
    void someAreCopiedAndTheOthersStayMapped(String family) throws IOException {
        Path saved = temporary.resolve("saved");
        try (Model model = ModelLoader.load(GoldenTest.folder(family), p -> chosen(p));
                Model other = ModelLoader.load(GoldenTest.folder(family)); Arena arena = Arena.ofConfined()) {
            model.weights().all().forEach((p, w) -> {
                if (chosen(p)) {
                    update(w);
                } else if (w instanceof Weight.Stored stored && stored.tensor().memory().isReadOnly()) {
                    assertThrows(IllegalStateException.class, () -> update(w));
                }
            });
            ModelWriter.write(model, saved);
            try (Model loaded = ModelLoader.load(saved)) {
                assertSameNumbers(model, loaded);
                loaded.weights().all().forEach((p, w) -> assertEquals(!chosen(p), Arrays.equals(
                        other.weights().get(p).toF32(arena).toArray(), w.toF32(arena).toArray()), p::toString));
            }
        }
    }

    private static boolean chosen(Parameter p) {
        return p.role() == Role.VALUE || p.role() == Role.UP && p.expert() % 2 != 0 || p.role() == Role.FINAL_WEIGHT;
    }

    /// A GGUF file of blocks: what is updated becomes F32, all else stays as it was.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F16", "BF16", "Q8_0", "Q4_0"})
    void filesOfBlocksAreUpdated(DType type) throws IOException {
        Path file = temporary.resolve("model.gguf");
        try (Model model = ModelLoader.load(GoldenTest.folder("qwen2"))) {
            GgufModelWriter.write(model, file, Optional.of(type));
        }
        for (boolean all : new boolean[] {true, false}) {
            try (Model model = ModelLoader.load(file, p -> all || p.role() == Role.QUERY);
                    Model before = ModelLoader.load(file)) {
                model.weights().all().forEach((p, w) -> {
                    if (p.role() == Role.QUERY) {
                        update(w);
                    }
                });
                GgufModelWriter.write(model, temporary.resolve(all + ".gguf"), Optional.empty());
                try (Model loaded = ModelLoader.load(temporary.resolve(all + ".gguf"))) {
                    assertSameNumbers(model, loaded);
                    loaded.weights().all().forEach((p, w) -> assertEquals(
                            p.role() == Role.QUERY ? "F32" : before.weights().get(p).format(), w.format(),
                            p::toString));
                    assertEquals(type.name(), before.weights().get(Parameter.of(Role.EMBEDDING)).format());
                }
            }
        }
    }

    /// The logits after each of some tokens, one after the other and all at once.
    private static float[] logits(Engine engine) {
        float[] all = new float[0];
        for (int tokens : new int[] {1, 64}) {
            try (Sequence sequence = engine.open()) {
                for (int at = 0; at < 3; at++) {
                    int[] ids = new int[at == 0 ? tokens : 1];
                    Arrays.setAll(ids, i -> 3 + i % 20);
                    engine.add(sequence, ids, 0, ids.length, Outputs.LAST);
                    float[] one = engine.run().toArray();
                    int before = all.length;
                    all = Arrays.copyOf(all, before + one.length);
                    System.arraycopy(one, 0, all, before, one.length);
                }
            }
        }
        return all;
    }

    /// Training and generation in turns, in one process: after each update a text is what a fresh model with the same
    /// numbers gives, bit for bit.
    @Test
    void generationBetweenUpdatesIsThatOfAFreshModel() throws CheckpointException {
        try (Workers workers = new Workers(2); Model loaded = ModelLoader.load(GoldenTest.folder("gemma2"), p -> true);
                Model fresh = FreshModel.create(loaded.spec(), 3)) {
            for (Model model : List.of(loaded, fresh)) {
                for (String name : KernelNames.here()) {
                    for (Precision precision : Precision.values()) {
                        turns(model, KernelBackends.choose(name, workers).kernels(), precision, name + " " + precision);
                    }
                }
            }
        }
    }

    private static void turns(Model model, Kernels kernels, Precision precision, String what) {
        try (Engine engine = new Engine(model, kernels, precision, 1 << 26); Arena arena = Arena.ofShared()) {
            float[] before = logits(engine);
            for (int times = 0; times < 2; times++) {
                model.weights().all().values().forEach(w -> ((Weight.Stored) w).update(t -> {
                    for (long i = 0; i < t.size(); i++) {
                        t.set(i, 0.9f * t.get(i));
                    }
                }));
                Map<Parameter, Weight> copies = new HashMap<>();
                model.weights().all().forEach((p, w) -> copies.put(p, new Weight.Stored(w.toF32(arena))));
                float[] found = logits(engine);
                try (Engine other = new Engine(model.with(model.weights().with(copies)), kernels, precision, 1 << 26)) {
                    assertArrayEquals(logits(other), found, what);
                }
                assertFalse(Arrays.equals(before, found), what);
                before = found;
            }
        }
    }

    /// Only what is copied takes memory.
    @Test
    void viewsAreNotCopied() throws CheckpointException {
        try (Model model = ModelLoader.load(GoldenTest.folder("llama"), p -> p.role() == Role.FINAL_WEIGHT)) {
            model.weights().all().forEach((p, w) -> assertEquals(p.role() != Role.FINAL_WEIGHT,
                    ((Weight.Stored) w).tensor().memory().isMapped(), p::toString));
            assertTrue(model.weights().all().size() > 10);
        }
    }
}

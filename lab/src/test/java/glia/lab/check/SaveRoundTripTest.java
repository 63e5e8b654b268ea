package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.load.Checkpoints;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Weights;
import glia.model.spec.Parameter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// To save and to load is to change nothing, for every family that has a golden checkpoint.
@Timeout(300)
class SaveRoundTripTest {
    @TempDir
    Path temporary;

    private Path target() {
        return temporary.resolve("saved");
    }

    static List<String> folders() {
        return GoldenTest.folders();
    }

    /// Weights of F32 in memory of their own, `factor` times the model's and `more`.
    private static Weights copies(Model model, Arena arena, float factor, float more) {
        Map<Parameter, Weight> all = new HashMap<>();
        model.weights().all().forEach((p, w) -> {
            Tensor t = Decode.widen(Compute.stored(w), arena);
            for (long i = 0; i < t.size(); i++) {
                t.set(i, factor * t.get(i) + more);
            }
            all.put(p, new Weight.Stored(t));
        });
        return new Weights(all);
    }

    private static void assertSameTensors(Path expected, Path found) throws IOException {
        try (Checkpoint a = Checkpoints.open(expected); Checkpoint b = Checkpoints.open(found)) {
            assertEquals(a.names(), b.names());
            for (String name : a.names()) {
                assertEquals(a.tensor(name).toString(), b.tensor(name).toString(), name);
                assertEquals(-1, a.tensor(name).memory().mismatch(b.tensor(name).memory()), name);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void savingIsTheIdentity(String family) throws IOException {
        Path source = GoldenTest.folder(family);
        try (Model model = ModelLoader.load(source)) {
            ModelWriter.write(model, target());
        }
        assertSameTensors(source, target());
        assertArrayEquals(Files.readAllBytes(source.resolve("config.json")),
                Files.readAllBytes(target().resolve("config.json")));
    }

    @ParameterizedTest
    @MethodSource("folders")
    void weightsGoBackToTheirPlaces(String family) throws IOException {
        Path source = GoldenTest.folder(family);
        try (Model model = ModelLoader.load(source); Arena arena = Arena.ofConfined()) {
            ModelWriter.write(model, copies(model, arena, 1, 0), target());
        }
        assertSameTensors(source, target());
    }

    @ParameterizedTest
    @MethodSource("folders")
    void changedWeightsAreLoadedAsTheyWere(String family) throws IOException {
        Path source = GoldenTest.folder(family);
        try (Model model = ModelLoader.load(source); Arena arena = Arena.ofConfined()) {
            Weights changed = copies(model, arena, -0.7f, 0.01f);
            ModelWriter.write(model, changed, target());
            try (Model loaded = ModelLoader.load(target())) {
                assertEquals(model.spec(), loaded.spec());
                loaded.weights().all().forEach((p, w) -> assertArrayEquals(
                        Decode.widen(Compute.stored(changed.get(p)), arena).toArray(),
                        Decode.widen(Compute.stored(w), arena).toArray(), p::toString));
            }
        }
    }

    /// A golden checkpoint in another type.
    private Path written(String family, DType type) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve("source"));
        Path source = GoldenTest.folder(family);
        Files.copy(source.resolve("config.json"), folder.resolve("config.json"));
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(source.resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : file.names()) {
                tensors.put(name, Encode.narrow(file.tensor(name), type, arena));
            }
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        return folder;
    }

    @Test
    void typesAreKeptWhereTheyHoldTheNumbers() throws IOException {
        for (DType type : List.of(DType.BF16, DType.F16)) {
            Path source = written(type == DType.BF16 ? "gpt2" : "qwen2", type);
            try (Model model = ModelLoader.load(source); Arena arena = Arena.ofConfined()) {
                ModelWriter.write(model, target());
                assertSameTensors(source, target());
                ModelWriter.write(model, copies(model, arena, 1, 0), temporary.resolve("copies"));
                assertSameTensors(source, temporary.resolve("copies"));
                ModelWriter.write(model, copies(model, arena, 1.001f, 0), temporary.resolve("changed"));
            }
            try (Checkpoint changed = Checkpoints.open(temporary.resolve("changed"))) {
                for (String name : changed.names()) {
                    assertEquals(DType.F32, changed.tensor(name).dtype(), name);
                }
            }
            clear();
        }
    }

    private void clear() throws IOException {
        try (Stream<Path> files = Files.walk(temporary)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                if (!file.equals(temporary)) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void whatIsThereIsNotTouched() throws IOException {
        try (Model model = ModelLoader.load(GoldenTest.folder("llama"))) {
            Files.createDirectories(target());
            ModelWriter.write(model, target());
            String words = assertThrows(CheckpointException.class, () -> ModelWriter.write(model, target()))
                    .getMessage();
            assertTrue(words.contains("saved") && words.contains("empty folder"), words);
            Path file = Files.writeString(temporary.resolve("file"), "x");
            assertThrows(CheckpointException.class, () -> ModelWriter.write(model, file));
            assertEquals("x", Files.readString(file));
        }
        assertSameTensors(GoldenTest.folder("llama"), target());
    }

    @Test
    void modelsOfASpecAloneAreSavedInALayoutOfTheirOwn() throws IOException {
        try (Model model = ModelLoader.load(GoldenTest.folder("llama"));
                Model fresh = FreshModel.create(model.spec(), 1)) {
            ModelWriter.write(fresh, target());
            try (Model read = ModelLoader.load(target())) {
                assertEquals(fresh.spec().sublayers(), read.spec().sublayers());
                assertEquals(fresh.weights().all().keySet(), read.weights().all().keySet());
            }
        }
    }

    @Test
    void whatFailsLeavesNothing() throws IOException {
        try (Model model = ModelLoader.load(GoldenTest.folder("llama")); Arena arena = Arena.ofConfined()) {
            Map<Parameter, Weight> wrong = new HashMap<>(model.weights().all());
            Parameter first = wrong.keySet().iterator().next();
            wrong.put(first, new Weight.Stored(Tensor.allocate(arena, DType.F32, 3, 5, 7)));
            String words = assertThrows(IllegalArgumentException.class,
                    () -> ModelWriter.write(model, new Weights(wrong), target())).getMessage();
            assertTrue(words.contains("[3, 5, 7]"), words);
            assertThrows(CheckpointException.class,
                    () -> ModelWriter.write(model, Files.writeString(temporary.resolve("f"), "").resolve("x")));
        }
        assertFalse(Files.exists(target()));
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(1, left.count());
        }
    }
}

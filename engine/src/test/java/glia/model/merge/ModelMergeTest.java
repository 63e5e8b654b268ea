package glia.model.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.hub.Progress;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.model.adapter.ModuleNames;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.merge.MergeMethod.Linear;
import glia.model.merge.MergeMethod.Ties;
import glia.model.quant.HubLayout;
import glia.model.quant.PackedModels;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Merged models compute what the models with adapters compute; models of one architecture become one.
class ModelMergeTest {
    private static final Path LLAMA = Path.of("src/test/resources/golden/llama");
    private static final int[] IDS = {3, 8, 13, 5, 10, 2, 7, 12};

    @TempDir
    Path temporary;

    private static ModelMerge merge(Path out) {
        return new ModelMerge(out, Optional.empty(), Progress.NONE, IfExists.FAIL);
    }

    private static float[] logits(Model model) {
        Pass pass = new Pass().add(IDS, 0, IDS.length, 0, Pass.Outputs.ALL);
        try (Workers workers = new Workers(1);
                Compute ops = new Compute(KernelBackends.choose("best", workers).kernels(), Precision.EXACT)) {
            return model.decoder().forward(ops, pass, States.NONE).toArray();
        }
    }

    private static float[] logits(Path path) throws CheckpointException {
        try (Model model = ModelLoader.load(path)) {
            return logits(model);
        }
    }

    private static void assertClose(float[] expected, float[] found, double tolerance) {
        double largest = 0;
        for (float e : expected) {
            largest = Math.max(largest, Math.abs(e));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], tolerance * largest, "number " + i);
        }
    }

    /// Writes an adapter with random values.
    ///
    /// @return the logits of the model with it
    private float[] adapter(Path base, AdapterConfig config, Path folder) throws CheckpointException {
        try (Model model = ModelLoader.load(base); Adapters adapters = Adapters.create(model, config, 3)) {
            Random random = new Random(4);
            adapters.trainable().values().forEach(w -> w.update(t -> {
                for (long i = 0; i < t.size(); i++) {
                    t.set(i, t.get(i) + 0.1f * (float) random.nextGaussian());
                }
            }));
            AdapterFolder.write(adapters, folder, IfExists.FAIL);
            float[] with = logits(adapters.attach());
            assertFalse(Arrays.equals(with, logits(model)), "the adapter changes nothing");
            return with;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"merged", "merged.gguf"})
    void adaptersAreMerged(String name) throws CheckpointException {
        Path adapter = temporary.resolve("adapter");
        float[] expected = adapter(LLAMA, AdapterConfig.defaults().with(AdapterConfig.Variant.DORA), adapter);
        Path out = temporary.resolve(name);
        merge(out).adapter(LLAMA, adapter);
        assertClose(expected, logits(out), 1e-4);
        assertThrows(CheckpointException.class, () -> merge(out).adapter(LLAMA, adapter));
        new ModelMerge(out, Optional.of(DType.F16), Progress.NONE, IfExists.REPLACE).adapter(LLAMA, adapter);
        assertClose(expected, logits(out), 1e-2);
        assertEquals(2, files(temporary).size(), () -> "temporary files are left: " + files(temporary));
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Blocks become F16 where they change; the others are copied.
    @ParameterizedTest
    @ValueSource(strings = {"merged", "merged.gguf"})
    void adaptersAreMergedIntoQuantizedGgufFiles(String name) throws CheckpointException {
        Path base = temporary.resolve("base.gguf");
        try (Model model = ModelLoader.load(LLAMA)) {
            GgufModelWriter.write(model, base, Optional.of(DType.Q8_0));
        }
        Path adapter = temporary.resolve("adapter");
        float[] expected = adapter(base, AdapterConfig.defaults().withTargets(ModuleNames.of("q_proj", "down_proj")),
                adapter);
        merge(temporary.resolve(name)).adapter(base, adapter);
        assertClose(expected, logits(temporary.resolve(name)), 3e-3);
        if (name.endsWith(".gguf")) {
            try (Model merged = ModelLoader.load(temporary.resolve(name))) {
                assertEquals(DType.F16, merged.checkpoint().tensor("blk.0.attn_q.weight").dtype());
                assertEquals(DType.Q8_0, merged.checkpoint().tensor("blk.0.attn_v.weight").dtype());
            }
        }
    }

    /// Quantized folders become plain ones.
    @ParameterizedTest
    @EnumSource(value = HubLayout.class, names = {"FP8", "GPTQ", "AWQ"})
    void adaptersAreMergedIntoQuantizedFolders(HubLayout layout) throws IOException {
        Path source = Files.createDirectories(temporary.resolve("source"));
        String config = new TinyConfig("llama", 2, 4, 2, 8, 0, 160, 264).json();
        TinyModel.write(source, config, 3);
        Path base = temporary.resolve("packed");
        PackedModels.write(source, config, layout, base, temporary.resolve("dense"));
        float[] expected = adapter(base, AdapterConfig.defaults().withTargets(ModuleNames.of("v_proj")),
                temporary.resolve("adapter"));
        merge(temporary.resolve("merged")).adapter(base, temporary.resolve("adapter"));
        assertFalse(Config.read(temporary.resolve("merged/config.json")).has("quantization_config"));
        assertClose(expected, logits(temporary.resolve("merged")), 2e-2);
    }

    /// An adapter of one of two tied matrices unties them.
    @ParameterizedTest
    @ValueSource(strings = {"embed_tokens", "lm_head"})
    void mergingUntiesEmbeddingAndHead(String module) throws CheckpointException {
        Path base = Path.of("src/test/resources/golden/gemma2");
        float[] expected = adapter(base, AdapterConfig.defaults().withTargets(ModuleNames.of(module)),
                temporary.resolve("adapter"));
        merge(temporary.resolve("merged")).adapter(base, temporary.resolve("adapter"));
        assertClose(expected, logits(temporary.resolve("merged")), 1e-4);
        assertFalse(Config.read(temporary.resolve("merged/config.json")).flag("tie_word_embeddings"));
    }

    @Test
    void adaptersWithBiasesAreNotMergedIntoModulesWithoutOne() throws CheckpointException {
        adapter(LLAMA, AdapterConfig.defaults().with(new AdapterConfig.Variant(false, false, true)),
                temporary.resolve("adapter"));
        String message = assertThrows(CheckpointException.class,
                () -> merge(temporary.resolve("out")).adapter(LLAMA, temporary.resolve("adapter"))).getMessage();
        assertTrue(message.contains("model.layers.0.") && message.contains("lora_bias"), message);
        assertFalse(Files.exists(temporary.resolve("out")));
    }

    /// A second model, with an adapter merged.
    private Path other() throws CheckpointException {
        adapter(LLAMA, AdapterConfig.defaults(), temporary.resolve("adapter"));
        merge(temporary.resolve("other")).adapter(LLAMA, temporary.resolve("adapter"));
        return temporary.resolve("other");
    }

    @Test
    void modelsAreMerged() throws CheckpointException {
        Path other = other();
        Path out = temporary.resolve("first");
        merge(out).models(List.of(LLAMA, other), Optional.empty(), new Linear(List.of(1.0, 0.0)));
        assertArrayEquals(logits(LLAMA), logits(out));
        merge(temporary.resolve("second")).models(List.of(LLAMA, other), Optional.empty(),
                new MergeMethod.Slerp(List.of(0.0, 1.0)));
        assertClose(logits(other), logits(temporary.resolve("second")), 1e-6);
        merge(temporary.resolve("ties")).models(List.of(other), Optional.of(LLAMA), new Ties(List.of(1.0), 1));
        assertClose(logits(other), logits(temporary.resolve("ties")), 1e-5);
        try (Model a = ModelLoader.load(LLAMA); Model b = ModelLoader.load(other)) {
            merge(temporary.resolve("half.gguf")).models(List.of(LLAMA, other), Optional.empty(),
                    new Linear(List.of(1.0, 1.0)));
            merge(temporary.resolve("half")).models(List.of(LLAMA, other), Optional.empty(),
                    new Linear(List.of(1.0, 1.0)));
            assertClose(logits(temporary.resolve("half")), logits(temporary.resolve("half.gguf")), 1e-4);
            String name = "model.layers.1.mlp.up_proj.weight";
            try (Model half = ModelLoader.load(temporary.resolve("half"))) {
                for (long i = 0; i < half.checkpoint().tensor(name).size(); i++) {
                    assertEquals((a.checkpoint().tensor(name).get(i) + b.checkpoint().tensor(name).get(i)) / 2,
                            half.checkpoint().tensor(name).get(i), 1e-6);
                }
            }
        }
    }

    @Test
    void numbersThatAreNotFiniteAreRefused() throws IOException {
        Path whole = Files.createDirectories(temporary.resolve("whole"));
        Path damaged = Files.createDirectories(temporary.resolve("damaged"));
        for (Path folder : List.of(whole, damaged)) {
            TinyModel.write(folder, new TinyConfig("llama", 2, 4, 2, 8, 0, 12, 24).json(), 3);
        }
        Path file = damaged.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 4, Float.NaN);
        Files.write(file, bytes);
        Path out = temporary.resolve("out");
        String message = assertThrows(CheckpointException.class, () -> merge(out).models(List.of(whole, damaged),
                Optional.empty(), new Linear(List.of(1.0, 1.0)))).getMessage();
        assertTrue(message.contains("damaged") && message.contains("NaN"), message);
        String base = assertThrows(CheckpointException.class, () -> merge(out).models(List.of(whole),
                Optional.of(damaged), new Ties(List.of(1.0), 1))).getMessage();
        assertTrue(base.contains("damaged") && base.contains("NaN"), base);
        assertFalse(Files.exists(out.resolve("config.json")));
    }

    @Test
    void modelsThatDifferAreRefused() throws IOException {
        Path qwen = Path.of("src/test/resources/golden/qwen2");
        Path out = temporary.resolve("out");
        Linear equal = new Linear(List.of(1.0, 1.0));
        String names = assertThrows(CheckpointException.class,
                () -> merge(out).models(List.of(LLAMA, qwen), Optional.empty(), equal)).getMessage();
        assertTrue(names.contains("qwen2") && names.contains("one architecture"), names);
        Path wide = temporary.resolve("wide");
        Path narrow = temporary.resolve("narrow");
        for (int width : new int[] {12, 20}) {
            Path folder = Files.createDirectories(width == 12 ? narrow : wide);
            TinyModel.write(folder, new TinyConfig("llama", 2, 4, 2, 8, 0, width, 24).json(), 3);
        }
        String shapes = assertThrows(CheckpointException.class,
                () -> merge(out).models(List.of(narrow, wide), Optional.empty(), equal)).getMessage();
        assertTrue(shapes.contains("has shape") && shapes.contains("narrow"), shapes);
        assertThrows(IllegalArgumentException.class,
                () -> merge(out).models(List.of(LLAMA), Optional.empty(), new Ties(List.of(1.0), 1)));
        assertThrows(IllegalArgumentException.class, () -> merge(out).models(List.of(LLAMA), Optional.empty(), equal));
        assertThrows(CheckpointException.class, () -> merge(LLAMA).models(List.of(LLAMA, LLAMA), Optional.empty(),
                equal));
        assertFalse(Files.exists(out));
        assertEquals(2, files(temporary).size(), () -> "files are left: " + files(temporary));
    }

    /// Types of matrices are those of the first model.
    @Test
    void typesAreKept() throws CheckpointException {
        Path half = temporary.resolve("half");
        try (Model model = ModelLoader.load(LLAMA)) {
            ModelWriter.write(model, model.weights(), half, Optional.of(DType.BF16), IfExists.FAIL);
        }
        merge(temporary.resolve("out")).models(List.of(half, LLAMA), Optional.empty(), new Linear(List.of(1.0, 1.0)));
        try (Model merged = ModelLoader.load(temporary.resolve("out"))) {
            assertEquals(DType.BF16, merged.checkpoint().tensor("lm_head.weight").dtype());
        }
        assertClose(logits(LLAMA), logits(temporary.resolve("out")), 2e-2);
    }
}

package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.fresh.NewModels;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters of all families: created, written, read and merged.
class AdapterFolderTest {
    @TempDir
    Path temporary;

    static List<String> families() {
        return AdapterModels.families();
    }

    private static Adapters create(Model model, AdapterConfig.Variant variant) {
        return AdapterModels.changed(Adapters.create(model, AdapterConfig.defaults().withRank(2, 3).with(variant), 5),
                6);
    }

    /// What was written is read back with the same numbers and logits, in fused modules and experts, too.
    @ParameterizedTest
    @MethodSource("families")
    void everyFamilyReadsWhatItWrote(String family) throws CheckpointException {
        AdapterConfig.Variant variant = family.length() % 2 == 0 ? AdapterConfig.Variant.DORA
                : AdapterConfig.Variant.RSLORA;
        try (Model model = AdapterModels.load(family); Adapters adapters = create(model, variant);
                Arena arena = Arena.ofConfined()) {
            AdapterFolder.write(adapters, temporary, IfExists.FAIL);
            float[] logits = AdapterModels.logits(adapters.attach());
            assertTrue(AdapterModels.difference(AdapterModels.logits(model), logits) > 1e-4, "nothing changed");
            try (Adapters read = AdapterFolder.read(model, temporary)) {
                Map<String, Tensor> before = adapters.tensors(arena);
                Map<String, Tensor> after = read.tensors(arena);
                assertEquals(before.keySet(), after.keySet());
                before.forEach((name, t) -> assertArrayEquals(t.toArray(), after.get(name).toArray(), name));
                assertArrayEquals(logits, AdapterModels.logits(read.attach()));
                assertEquals(adapters.numParameters(), read.numParameters());
                assertEquals(List.copyOf(adapters.trainable().keySet()), List.copyOf(read.trainable().keySet()));
            }
        }
    }

    /// A resumed run adds up its gradients in the order of the run that began, to the same bits.
    @Test
    void adaptersThatAreReadHaveTheOrderOfNewOnes() throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withModulesToSave(List.of("norm", "lm_head", "embed_tokens"))
                .withBiases(AdapterConfig.Biases.ALL);
        Map<String, Object> sizes = Map.of("hidden", 16, "layers", 11, "heads", 2, "vocab", 20, "context", 8);
        try (Model made = FreshModel.create(NewModels.config("qwen2", sizes).with("tie_word_embeddings", false), 1)) {
            ModelWriter.write(made, temporary.resolve("model"));
        }
        try (Model model = ModelLoader.load(temporary.resolve("model"));
                Adapters adapters = Adapters.create(model, config, 5)) {
            AdapterFolder.write(adapters, temporary.resolve("adapter"), IfExists.FAIL);
            try (Adapters read = AdapterFolder.read(model, temporary.resolve("adapter"))) {
                List<String> names = List.copyOf(adapters.trainable().keySet());
                assertTrue(names.toString().contains("k_proj.base_layer.bias")
                        && names.toString().contains("model.norm.weight"));
                assertEquals(names, List.copyOf(read.trainable().keySet()));
            }
        }
    }

    /// The stored tensor of each module differs from the base by `s · B · A`, transposed where the checkpoint has
    /// inputs first.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2", "bloom", "mpt", "modernbert", "bert", "mixtral", "deepseek_v2", "mamba"})
    void mergedTensorsHoldTheProduct(String family) throws CheckpointException {
        try (Model model = AdapterModels.load(family); Adapters adapters = create(model, AdapterConfig.Variant.LORA);
                Arena arena = Arena.ofConfined()) {
            ModelWriter.write(adapters.merged(), temporary.resolve("merged"));
            Map<String, Tensor> factors = adapters.tensors(arena);
            try (SafetensorsCheckpoint merged = SafetensorsCheckpoint.open(temporary.resolve("merged"))) {
                for (AdapterModule m : adapters.modules()) {
                    String name = m.path() + ".weight";
                    boolean inputsFirst = model.sources().get(m.parts().getFirst().parameter())
                            .toString().contains("Transposed");
                    Tensor a = factors.get(AdapterBuilder.PREFIX + m.path() + ".lora_A.weight");
                    Tensor b = factors.get(AdapterBuilder.PREFIX + m.path() + ".lora_B.weight");
                    float[] difference = Decode.widen(merged.tensor(name), arena).toArray();
                    float[] base = Decode.widen(model.checkpoint().tensor(name), arena).toArray();
                    float[] expected = new float[base.length];
                    for (int r = 0; r < m.rows(); r++) {
                        for (int k = 0; k < m.cols(); k++) {
                            int at = inputsFirst ? k * m.rows() + r : r * m.cols() + k;
                            difference[at] -= base[at];
                            for (int i = 0; i < 2; i++) {
                                expected[at] += 1.5f * b.get(2L * r + i) * a.get((long) i * m.cols() + k);
                            }
                        }
                    }
                    AdapterModels.assertClose(expected, difference, 1e-4, name);
                }
            }
            try (Model loaded = ModelLoader.load(temporary.resolve("merged"))) {
                AdapterModels.assertClose(AdapterModels.logits(adapters.attach()), AdapterModels.logits(loaded), 1e-4,
                        family);
            }
        }
    }

    @Test
    void newAdaptersChangeNothingAndDependOnTheSeed() throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withTargets(ModuleNames.of("q_proj", "embed_tokens"));
        for (AdapterConfig.Variant variant : List.of(AdapterConfig.Variant.LORA, AdapterConfig.Variant.DORA)) {
            try (Model model = AdapterModels.load("llama"); Arena arena = Arena.ofConfined();
                    Adapters one = Adapters.create(model, config.with(variant), 7);
                    Adapters same = Adapters.create(model, config.with(variant), 7);
                    Adapters other = Adapters.create(model, config.with(variant), 8)) {
                AdapterModels.assertClose(AdapterModels.logits(model), AdapterModels.logits(one.attach()), 1e-6,
                        "new adapters");
                String name = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight";
                float[] a = one.tensors(arena).get(name).toArray();
                assertArrayEquals(a, same.tensors(arena).get(name).toArray());
                assertTrue(AdapterModels.difference(a, other.tensors(arena).get(name).toArray()) > 0.01);
                float most = 0;
                for (float x : a) {
                    most = Math.max(most, Math.abs(x));
                }
                double bound = 1 / Math.sqrt(32);
                assertTrue(most <= bound && most > 0.9 * bound, "" + most);
                assertEquals(5, one.modules().size());
            }
        }
    }

    /// The adapter of a GGUF file has the names of the hub's layout.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "bloom", "qwen3_moe", "qwen3_next"})
    void adaptersOfFoldersFitGgufFiles(String family) throws CheckpointException {
        Path file = temporary.resolve("model.gguf");
        try (Model model = AdapterModels.load(family); Adapters adapters = create(model, AdapterConfig.Variant.DORA)) {
            AdapterFolder.write(adapters, temporary.resolve("adapter"), IfExists.FAIL);
            GgufModelWriter.write(model, file, Optional.of(DType.F32));
            try (Model gguf = ModelLoader.load(file);
                    Adapters read = AdapterFolder.read(gguf, temporary.resolve("adapter"))) {
                AdapterModels.assertClose(AdapterModels.logits(adapters.attach()),
                        AdapterModels.logits(read.attach()), 1e-4, family);
            }
        }
    }

    /// An adapter of the embedding leaves a tied head as it is, and the reverse.
    @ParameterizedTest
    @ValueSource(strings = {"embed_tokens", "lm_head"})
    void embeddingAndTiedHeadAreAdaptedApart(String module) throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withTargets(ModuleNames.of(module));
        try (Model model = AdapterModels.load("gemma2");
                Adapters adapters = AdapterModels.changed(Adapters.create(model, config, 3), 4)) {
            Model attached = adapters.attach();
            float[] logits = AdapterModels.logits(attached);
            assertTrue(AdapterModels.difference(AdapterModels.logits(model), logits) > 1e-3);
            AdapterFolder.write(adapters, temporary.resolve("adapter"), IfExists.FAIL);
            try (Adapters read = AdapterFolder.read(model, temporary.resolve("adapter"))) {
                assertArrayEquals(logits, AdapterModels.logits(read.attach()));
            }
            Set<String> changed = Set.copyOf(adapters.all().keySet().stream().map(p -> p.role().name()).toList());
            assertEquals(Set.of(module.equals("lm_head") ? "HEAD" : "EMBEDDING"), changed);
            attached.weights().all().forEach((p, w) -> assertTrue(adapters.all().containsKey(p)
                    || w == model.weights().all().getOrDefault(p, w), p::toString));
        }
    }

    /// With `ensure_weight_tying` PEFT stores the adapter of a tied head a second time.
    @Test
    void theSecondCopyOfATiedAdapterIsAccepted() throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withRank(3, 6).withTargets(ModuleNames.of("embed_tokens"))
                .withTying(true);
        Path folder = temporary.resolve("tied");
        String head = "base_model.model.lm_head.lora_";
        String table = "base_model.model.model.embed_tokens.lora_embedding_";
        try (Model model = AdapterModels.load("gemma2"); Arena arena = Arena.ofConfined();
                Adapters adapters = AdapterModels.changed(Adapters.create(model, config, 3), 4)) {
            AdapterFolder.write(adapters, folder, IfExists.FAIL);
            Map<String, Tensor> tensors = new LinkedHashMap<>(adapters.tensors(arena));
            tensors.put(head + "A.weight", transposed(tensors.get(table + "B"), arena));
            tensors.put(head + "B.weight", transposed(tensors.get(table + "A"), arena));
            SafetensorsWriter.write(folder.resolve("adapter_model.safetensors"), tensors, Map.of());
            try (Adapters read = AdapterFolder.read(model, folder)) {
                assertArrayEquals(AdapterModels.logits(adapters.attach()), AdapterModels.logits(read.attach()));
            }
            tensors.get(head + "B.weight").set(5, 1);
            SafetensorsWriter.write(folder.resolve("adapter_model.safetensors"), tensors, Map.of());
            String message = assertThrows(CheckpointException.class, () -> AdapterFolder.read(model, folder).close())
                    .getMessage();
            assertTrue(message.contains("lm_head.lora_B.weight: differs from that of the embedding"), message);
        }
    }

    private static Tensor transposed(Tensor t, Arena arena) {
        Tensor turned = Tensor.allocate(arena, DType.F32, t.cols(), t.rows());
        for (int i = 0; i < t.rows(); i++) {
            for (int j = 0; j < t.cols(); j++) {
                turned.set((long) j * t.rows() + i, t.get((long) i * t.cols() + j));
            }
        }
        return turned;
    }

    /// A bias of B goes into the module's own bias; without one it cannot be merged.
    @Test
    void biasesOfAdaptersAreMergedIntoBiases() throws CheckpointException {
        AdapterConfig.Variant variant = new AdapterConfig.Variant(false, false, true);
        AdapterConfig config = AdapterConfig.defaults().with(variant);
        for (String family : List.of("qwen2", "gpt2", "bloom")) {
            List<String> names = family.equals("qwen2") ? List.of("q_proj", "v_proj")
                    : family.equals("gpt2") ? List.of("c_attn") : List.of("query_key_value");
            try (Model model = AdapterModels.load(family); Adapters adapters = AdapterModels.changed(Adapters.create(
                    model, config.withTargets(new ModuleNames.Suffixes(names)), 3), 4)) {
                assertThrows(IllegalArgumentException.class,
                        () -> ModelWriter.write(adapters.attach(), temporary.resolve("no")));
                ModelWriter.write(adapters.merged(), temporary.resolve(family));
                try (Model merged = ModelLoader.load(temporary.resolve(family))) {
                    AdapterModels.assertClose(AdapterModels.logits(adapters.attach()), AdapterModels.logits(merged),
                            1e-4, family);
                }
            }
        }
        try (Model model = AdapterModels.load("llama"); Adapters adapters = Adapters.create(model, config, 3)) {
            String message = assertThrows(IllegalArgumentException.class, adapters::merged).getMessage();
            assertTrue(message.contains("layers.0.self_attn.q_proj") && message.contains("lora_bias"), message);
        }
    }

    /// Biases of the model, and whole modules.
    @Test
    void wholeTensorsAreWrittenUnderTheirNames() throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withTargets(ModuleNames.of("q_proj"))
                .withModulesToSave(List.of("lm_head", "norm"));
        for (AdapterConfig.Biases biases : AdapterConfig.Biases.values()) {
            Path folder = temporary.resolve(biases.name());
            try (Model model = AdapterModels.load("qwen2"); Arena arena = Arena.ofConfined();
                    Adapters adapters = AdapterModels.changed(Adapters.create(model, config.withBiases(biases), 3),
                            4)) {
                Set<String> names = adapters.tensors(arena).keySet();
                assertTrue(names.containsAll(Set.of("base_model.model.lm_head.weight",
                        "base_model.model.model.norm.weight")), names::toString);
                assertEquals(biases != AdapterConfig.Biases.NONE,
                        names.contains("base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias"));
                assertEquals(biases == AdapterConfig.Biases.ALL,
                        names.contains("base_model.model.model.layers.0.self_attn.k_proj.bias"));
                AdapterFolder.write(adapters, folder, IfExists.FAIL);
                try (Adapters read = AdapterFolder.read(model, folder)) {
                    assertEquals(names, read.tensors(arena).keySet());
                    assertArrayEquals(AdapterModels.logits(adapters.attach()), AdapterModels.logits(read.attach()));
                }
            }
        }
    }

    @Test
    void existingAdaptersAreNotReplacedUnasked() throws CheckpointException {
        try (Model model = AdapterModels.load("llama"); Adapters adapters = create(model, AdapterConfig.Variant.LORA)) {
            AdapterFolder.write(adapters, temporary, IfExists.FAIL);
            assertThrows(CheckpointException.class, () -> AdapterFolder.write(adapters, temporary, IfExists.FAIL));
            AdapterFolder.write(adapters, temporary, IfExists.REPLACE);
        }
    }

    /// The keys that PEFT reads.
    @Test
    void configsAreWrittenWithPeftsKeys() throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withRank(4, 8).with(AdapterConfig.Variant.RSLORA)
                .withDropout(0.05).withPatterns(Map.of("down_proj", 5), Map.of("down_proj", 20.0))
                .withBase("some/base");
        try (Model model = AdapterModels.load("llama"); Adapters adapters = Adapters.create(model, config, 1)) {
            AdapterFolder.write(adapters, temporary, IfExists.FAIL);
            Config json = Config.read(temporary.resolve("adapter_config.json"));
            assertEquals("LORA", json.text("peft_type"));
            assertEquals(List.of("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"),
                    List.of(json.strings("target_modules")));
            assertEquals(4, json.integer("r"));
            assertEquals(8, json.integer("lora_alpha"));
            assertEquals(20, json.child("alpha_pattern").integer("down_proj"));
            assertTrue(json.flag("use_rslora"));
            assertFalse(json.flag("use_dora"));
            assertEquals("some/base", json.text("base_model_name_or_path"));
            AdapterConfig read = AdapterConfigFile.read(json);
            assertEquals("CAUSAL_LM", json.text("task_type"));
            assertEquals(config.withTargets(read.targets()).withTask("CAUSAL_LM"), read);
        }
    }
}

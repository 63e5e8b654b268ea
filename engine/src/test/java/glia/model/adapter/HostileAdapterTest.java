package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Adapter folders that are broken, of another model or of another kind: each error says where and what.
class HostileAdapterTest {
    private static final String QUERY = "base_model.model.model.layers.1.self_attn.q_proj.";

    @TempDir
    Path temporary;

    /// Changes the tensors of a valid adapter.
    private interface Change {
        void apply(Map<String, Tensor> tensors, Arena arena);
    }

    private void write(Model model, AdapterConfig.Variant variant, Change change) throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withRank(3, 6).with(variant)
                .withTargets(ModuleNames.of("q_proj", "v_proj"));
        try (Adapters adapters = Adapters.create(model, config, 1); Arena arena = Arena.ofConfined()) {
            AdapterFolder.write(adapters, temporary, IfExists.REPLACE);
            Map<String, Tensor> tensors = new LinkedHashMap<>(adapters.tensors(arena));
            change.apply(tensors, arena);
            SafetensorsWriter.write(temporary.resolve("adapter_model.safetensors"), tensors, Map.of());
        }
    }

    private void assertRefused(Model model, List<String> words) {
        String message = assertThrows(CheckpointException.class, () -> AdapterFolder.read(model, temporary).close())
                .getMessage();
        words.forEach(word -> assertTrue(message.contains(word), () -> "no '" + word + "' in: " + message));
        assertTrue(message.contains(temporary.toString()), message);
    }

    private void assertRefused(AdapterConfig.Variant variant, Change change, String... words)
            throws CheckpointException {
        try (Model model = AdapterModels.load("llama")) {
            write(model, variant, change);
            assertRefused(model, List.of(words));
        }
    }

    @Test
    void tensorsThatDoNotFitAreRefused() throws CheckpointException {
        AdapterConfig.Variant lora = AdapterConfig.Variant.LORA;
        AdapterConfig.Variant dora = AdapterConfig.Variant.DORA;
        assertRefused(lora, (t, arena) -> t.remove(QUERY + "lora_A.weight"), "layers.1.self_attn.q_proj.lora_A.weight",
                "is missing");
        assertRefused(lora, (t, arena) -> t.remove(QUERY + "lora_B.weight"), "lora_B.weight", "is missing");
        assertRefused(lora, (t, arena) -> {
            t.remove(QUERY + "lora_A.weight");
            t.remove(QUERY + "lora_B.weight");
        }, "layers.1.self_attn.q_proj", "has no tensors");
        assertRefused(dora, (t, arena) -> t.remove(QUERY + "lora_magnitude_vector"), "lora_magnitude_vector",
                "is missing");
        assertRefused(lora, (t, arena) -> t.put(QUERY + "lora_magnitude_vector", Tensor.allocate(arena, DType.F32, 32)),
                "lora_magnitude_vector", "use_dora is off");
        assertRefused(lora, (t, arena) -> t.put(QUERY + "lora_B.bias", Tensor.allocate(arena, DType.F32, 32)),
                "lora_bias is off");
        assertRefused(lora, (t, arena) -> t.put(QUERY + "lora_A.weight", Tensor.allocate(arena, DType.F32, 3, 31)),
                "has shape [3, 31], expected [3, 32]");
        assertRefused(lora, (t, arena) -> t.put(QUERY + "lora_A.weight", Tensor.allocate(arena, DType.F32, 4, 32)),
                "has shape [4, 32], expected [3, 32]");
        assertRefused(lora, (t, arena) -> t.put(QUERY + "lora_B.weight", Tensor.allocate(arena, DType.F32, 32 * 3)),
                "has shape [96], expected [32, 3]");
        assertRefused(lora, (t, arena) -> t.put(QUERY + "lora_A.weight", Tensor.allocate(arena, DType.I32, 3, 32)),
                "found I32, expected real numbers");
        assertRefused(lora, (t, arena) -> t.get(QUERY + "lora_A.weight").set(5, Float.NaN), "lora_A.weight",
                "holds NaN (number 5)");
        assertRefused(lora, (t, arena) -> t.get(QUERY + "lora_B.weight").set(1, Float.POSITIVE_INFINITY),
                "holds Infinity");
        assertRefused(lora, (t, arena) -> t.put("base_model.model.model.layers.4.self_attn.q_proj.lora_A.weight",
                Tensor.allocate(arena, DType.F32, 3, 32)), "no module 'model.layers.4.self_attn.q_proj'",
                "model.layers.0.self_attn.q_proj");
        assertRefused(lora, (t, arena) -> t.put("base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight",
                Tensor.allocate(arena, DType.F32, 3, 32)), "o_proj", "does not select it");
        assertRefused(lora, (t, arena) -> t.put("base_model.model.model.norm.weight",
                Tensor.allocate(arena, DType.F32, 32)), "model.norm.weight", "modules_to_save");
        assertRefused(lora, (t, arena) -> t.put("base_model.model.prompt_embeddings",
                Tensor.allocate(arena, DType.F32, 32)), "prompt_embeddings", "neither");
        assertRefused(lora, (t, arena) -> t.put("layers.1.self_attn.q_proj.lora_A.weight",
                Tensor.allocate(arena, DType.F32, 3, 32)), "lora_A.weight");
        assertRefused(lora, (t, arena) -> t.clear(), "holds no adapter");
        assertRefused(lora, (t, arena) -> t.put("base_model.model.vision_tower.q_proj.base_layer.weight",
                Tensor.allocate(arena, DType.F32, 32)), "no module 'vision_tower.q_proj'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "r | 0 | key r: found 0", "r | -3 | key r", "r | 3.5 | key r", "r | \"3\" | key r", "r | NaN | key r: found",
        "r | 99999999 | rank of 99999999", "r | 1e99 | key r", "lora_alpha | \"x\" | key lora_alpha",
        "lora_alpha | {\"__float__\": \"Infinity\"} | lora_alpha is Infinity", "lora_alpha | 1e300 | lora_alpha",
        "lora_dropout | 1.5 | dropout of 1.5", "peft_type | \"IA3\" | found IA3, expected LORA",
        "target_modules | null | target_modules", "target_modules | 7 | target_modules",
        "target_modules | \"(\" | not a regular expression", "target_modules | [\"norm\"] | does not select",
        "target_modules | \"((.*)*)*x\" | steps", "rank_pattern | {\"q_proj\": 0} | rank_pattern.q_proj",
        "rank_pattern | {\"q_proj\": 5} | expected [5, 32]", "rank_pattern | [1] | rank_pattern",
        "alpha_pattern | {\"(\": 5} | not a regular expression", "layers_to_transform | [0, 1] | does not select",
        "layers_to_transform | \"all\" | layers_to_transform", "modules_to_save | [\"score\"] | no module 'score'",
        "modules_to_save | [\"lm_head\"] | lm_head.weight: is missing", "bias | \"some\" | key bias",
        "use_dora | true | lora_magnitude_vector", "use_dora | 1 | key use_dora", "lora_bias | true | lora_B.bias",
        "layer_replication | [[0, 2]] | replicated layers",
        "target_parameters | [\"a\"] | no parameter 'a'", "target_parameters | 7 | target_parameters",
        "trainable_token_indices | [1] | trained tokens", "use_bdlora | {\"x\": 1} | block-diagonal",
        "use_qalora | true | QALoRA", "alora_invocation_tokens | [1, 2] | activated LoRA",
        "use_something_new | true | use_something_new", "init_lora_weights | \"pissa_niter_4\" | changes the base"})
    void configsThatCannotBeUsedAreRefused(String key, String value, String word) throws IOException {
        try (Model model = AdapterModels.load("llama")) {
            write(model, AdapterConfig.Variant.LORA, (t, arena) -> { });
            Path file = temporary.resolve("adapter_config.json");
            String json = Files.readString(file).replaceFirst(
                    "(?s)\"" + key + "\" : (\\{[^}]*\\}|\\[[^]]*\\]|[^,\\n]*),", "");
            Files.writeString(file, json.replaceFirst("\\{", "{\"" + key + "\": " + value.replace("\\", "\\\\") + ","));
            assertRefused(model, List.of(word));
        }
    }

    @Test
    void incompleteFoldersAreRefused() throws IOException {
        try (Model model = AdapterModels.load("llama")) {
            assertRefused(model, List.of("holds no adapter_config.json"));
            write(model, AdapterConfig.Variant.LORA, (t, arena) -> { });
            Path file = temporary.resolve("adapter_model.safetensors");
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(bytes, bytes.length - 8));
            assertRefused(model, List.of("adapter_model.safetensors"));
            Files.delete(file);
            assertRefused(model, List.of("adapter_model.safetensors"));
        }
    }

    /// The frozen weights that PEFT stores with some adapters are ignored, and half types are read.
    @Test
    void baseWeightsAreIgnored() throws CheckpointException {
        try (Model model = AdapterModels.load("llama")) {
            write(model, AdapterConfig.Variant.LORA, (t, arena) -> {
                t.put("base_model.model.lm_head.base_layer.weight", Tensor.allocate(arena, DType.BF16, 64, 32));
                t.put(QUERY + "lora_A.weight", Tensor.allocate(arena, DType.BF16, 3, 32));
            });
            try (Adapters read = AdapterFolder.read(model, temporary)) {
                assertTrue(read.modules().size() == 8);
            }
        }
    }
}

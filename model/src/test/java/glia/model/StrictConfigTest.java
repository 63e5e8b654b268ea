package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.family.Families;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Invalid configs, and configs that do not fit their weights, are refused with the key or the tensor in the message,
/// in bounded time and memory; otherwise the model loads and runs.
@Timeout(120)
class StrictConfigTest {
    private static final Map<String, TinyConfig> CONFIGS = new TreeMap<>();

    /// Hostile values.
    private static final List<String> HOSTILE = List.of("0", "-1", "1", "2", "3", "7", "2147483647", "2147483648",
            "1431655776", "99999999999999999999", "1e308", "-0.5", "0.1", "1e-320", "NaN", "Infinity", "\"x\"", "\"\"",
            "true", "false", "null", "[]", "[1]", "[\"full_attention\"]", "{}", "{\"rope_type\": \"yarn\"}",
            "{\"rope_type\": \"linear\", \"factor\": 0}", "{\"rope_type\": \"linear\", \"factor\": 4}",
            "{\"rope_theta\": -1}", "{\"full_attention\": 3}", "{\"partial_rotary_factor\": 0.5}");

    private static final List<String> KEYS = List.of("vocab_size", "hidden_size", "intermediate_size",
            "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "max_position_embeddings",
            "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters", "partial_rotary_factor", "hidden_act",
            "hidden_activation", "attention_bias", "mlp_bias", "tie_word_embeddings", "sliding_window",
            "sliding_window_pattern", "use_sliding_window", "max_window_layers", "layer_types", "no_rope_layers",
            "no_rope_layer_interval", "query_pre_attn_scalar", "attn_logit_softcapping", "rope_local_base_freq",
            "model_type");

    private static final List<String> KEYS_OF_GPT2 = List.of("vocab_size", "n_embd", "n_head", "n_layer", "n_inner",
            "n_positions", "layer_norm_epsilon", "activation_function", "scale_attn_weights",
            "scale_attn_by_inverse_layer_idx", "tie_word_embeddings", "model_type");

    @TempDir
    Path folder;

    static Stream<TinyConfig> configs() {
        return CONFIGS.values().stream();
    }

    static {
        for (String family : List.of("llama", "mistral", "gemma3_text", "gpt2", "smollm3", "qwen2", "qwen3")) {
            CONFIGS.put(family, new TinyConfig(family, 3, 2, 1, 4, 5));
        }
    }

    /// The config with another value of a key, or without the key.
    private static String with(String json, String key, String value) {
        String without = json.replaceAll(",?\\s*\"" + Pattern.quote(key) + "\": (\"[^\"]*\"|[^,}\"]*)(?=[,}])", "")
                .replaceFirst("\\{,", "{");
        return value.isEmpty() ? without
                : without.substring(0, without.lastIndexOf('}')) + ", \"" + key + "\": " + value + "}";
    }

    private void check(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        Model model;
        try {
            model = ModelLoader.load(folder);
        } catch (CheckpointException e) {
            assertTrue(e.getMessage().length() > 20, e::getMessage);
            return;
        }
        try (model; Workers workers = new Workers(1);
                Compute ops = new Compute(new ScalarKernels(workers), Precision.EXACT)) {
            Pass pass = new Pass().add(new int[] {1, 2, 3}, 0, 3, 0, Pass.Outputs.ALL);
            assertEquals(3L * model.spec().vocabSize(), model.decoder().forward(ops, pass, States.NONE).size());
        } catch (Throwable e) {
            fail("loaded, but does not run: " + json, e);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void aSampleOfValuesIsRefusedOrRuns(TinyConfig config) throws IOException {
        refusedOrRuns(config, 4);
    }

    @ParameterizedTest
    @MethodSource("configs")
    @Tag("slow")
    void anyValueAnywhereIsRefusedOrRuns(TinyConfig config) throws IOException {
        refusedOrRuns(config, 1);
    }

    /// @param oneIn of so many hostile values for a key, one is tried
    private void refusedOrRuns(TinyConfig config, int oneIn) throws IOException {
        TinyModel.write(folder, config.json(), 3);
        int first = config.family().hashCode() & 1023;
        for (String key : config.family().equals("gpt2") ? KEYS_OF_GPT2 : KEYS) {
            check(with(config.json(), key, ""));
            first++;
            for (int i = first % oneIn; i < HOSTILE.size(); i += oneIn) {
                check(with(config.json(), key, HOSTILE.get(i)));
            }
        }
    }

    @Test
    void geluOfTheFirstGemmaFilesIsItsTanhForm() throws CheckpointException {
        Config gemma = Config.read(Path.of(StrictConfigTest.class.getResource("/golden/gemma/config.json")
                .getPath()));
        assertEquals(Families.spec(gemma.with("hidden_act", "gelu_pytorch_tanh")),
                Families.spec(gemma.with("hidden_act", "gelu").with("hidden_activation", "gelu")));
        assertNotEquals(Families.spec(gemma), Families.spec(gemma.with("hidden_act", "silu")));
    }

    private CheckpointException refused(String family, String key, String value) throws IOException {
        String json = with(CONFIGS.get(family).json(), key, value);
        Files.writeString(folder.resolve("config.json"), json);
        return assertThrows(CheckpointException.class, () -> ModelLoader.load(folder).close(), json);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "llama | num_attention_heads | 0 | num_attention_heads",
        "llama | num_attention_heads | -2 | num_attention_heads",
        "llama | num_key_value_heads | 3 | num_key_value_heads",
        "llama | hidden_size | 2147483648 | hidden_size",
        "llama | hidden_size | '' | hidden_size",
        "llama | hidden_size | \"12\" | hidden_size",
        "llama | hidden_size | 13 | model.embed_tokens.weight",
        "llama | vocab_size | 2147483647 | model.embed_tokens.weight",
        "llama | intermediate_size | 2147483647 | mlp.gate_proj.weight",
        "llama | head_dim | 1431655776 | attention with 2 heads",
        "llama | head_dim | 6 | self_attn.q_proj.weight",
        "llama | num_hidden_layers | 2147483647 | num_hidden_layers",
        "llama | num_hidden_layers | 10000 | model.layers.3.",
        "llama | num_hidden_layers | 4 | model.layers.3.",
        "llama | num_hidden_layers | 2 | model.layers.2.",
        "llama | rope_theta | -1 | rope_theta",
        "llama | rms_norm_eps | NaN | rms_norm_eps",
        "llama | partial_rotary_factor | 2 | partial_rotary_factor",
        "llama | rope_scaling | {\"rope_type\": \"longrope\"} | short_factor",
        "llama | rope_scaling | {\"rope_type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1, 1, 1],"
                + " \"original_max_position_embeddings\": 16, \"factor\": 2} | short_factor: found 1 numbers",
        "llama | rope_scaling | {\"rope_type\": \"linear\"} | rope_scaling.factor",
        "llama | hidden_act | \"cosine\" | cosine",
        "llama | attention_bias | true | self_attn.q_proj.bias",
        "llama | model_type | \"bert\" | bert",
        "llama | model_type | \"gpt2\" | n_embd",
        "llama | model_type | \"gemma3_text\" | model.layers.0.self_attn.q_norm.weight",
        "llama | model_type | \"qwen2\" | model.layers.0.self_attn.q_proj.bias",
        "gemma3_text | model_type | \"llama\" | model.layers",
        "qwen3 | model_type | \"llama\" | model.layers.0.self_attn",
        "gpt2 | n_head | 3 | n_head",
        "gpt2 | n_embd | 1073741824 | wte.weight",
        "gpt2 | n_inner | 21 | mlp.c_fc.weight",
        "gpt2 | n_positions | 2147483647 | wpe.weight",
        "gpt2 | n_layer | 2147483647 | n_layer",
        "gemma3_text | sliding_window_pattern | 0 | sliding_window_pattern",
        "gemma3_text | final_logit_softcapping | -30.0 | final_logit_softcapping",
        "gemma3_text | query_pre_attn_scalar | 0 | query_pre_attn_scalar",
        "gemma3_text | layer_types | [\"full_attention\"] | layer_types",
        "qwen2 | sliding_window | 0 | sliding_window",
        "smollm3 | no_rope_layers | [1] | no_rope_layers",
        "smollm3 | num_hidden_layers | 2147483647 | num_hidden_layers"})
    void namesWhatIsWrong(String family, String key, String value, String named) throws IOException {
        TinyModel.write(folder, CONFIGS.get(family).json(), 3);
        CheckpointException e = refused(family, key, value);
        assertTrue(e.getMessage().contains(named), e::getMessage);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void theConfigsAreSound(TinyConfig config) throws IOException {
        TinyModel.write(folder, config.json(), 3);
        ModelLoader.load(folder).close();
    }

    @Test
    void aConfigMustBeThere() throws IOException {
        TinyModel.write(folder, CONFIGS.get("llama").json(), 3);
        Files.delete(folder.resolve("config.json"));
        CheckpointException e = assertThrows(CheckpointException.class, () -> ModelLoader.load(folder).close());
        assertTrue(e.getMessage().contains("config.json"), e::getMessage);
    }
}

package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Rope;
import glia.model.spec.RopeChange;
import glia.model.spec.RopeScaling;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Scalings of rotary positions that are chosen at loading are those that a config can have.
class RopeChangeTest {
    private static final Map<String, Object> LLAMA = Map.of("model_type", "llama", "hidden_size", 64,
            "intermediate_size", 64, "num_attention_heads", 4, "num_key_value_heads", 2, "num_hidden_layers", 2,
            "vocab_size", 100, "max_position_embeddings", 512, "rms_norm_eps", 1e-5);

    private static ModelSpec spec(Map<String, Object> base, Map<String, Object> more) throws Exception {
        Map<String, Object> all = new HashMap<>(base);
        all.putAll(more);
        return Families.spec(Config.of(Path.of("config.json"), all));
    }

    private static RopeChange change(RopeChange.Kind kind, double factor) {
        return new RopeChange(kind, factor, OptionalInt.empty());
    }

    private static RopeScaling scaling(ModelSpec spec, int layer) {
        List<Attention> all = spec.sublayers().stream().map(s -> s.mixer()).filter(Attention.class::isInstance)
                .map(Attention.class::cast).toList();
        return ((Rope.Rotary) all.get(layer).rope()).scaling();
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, linear", "DYNAMIC, dynamic", "YARN, yarn", "LLAMA3, llama3"})
    void isThatOfTheConfig(RopeChange.Kind kind, String type) throws Exception {
        Map<String, Object> settings = Map.of("rope_type", type, "factor", 4.0, "low_freq_factor", 1.0,
                "high_freq_factor", 4.0, "original_max_position_embeddings", 512);
        ModelSpec asked = change(kind, 4).apply(spec(LLAMA, Map.of()));
        assertEquals(spec(LLAMA, Map.of("rope_scaling", settings)).sublayers(), asked.sublayers());
        assertEquals(2048, asked.contextLength());
    }

    /// What the model has is replaced; its original context and its other parameters stay.
    @Test
    void replacesTheModelsOwn() throws Exception {
        ModelSpec own = spec(LLAMA, Map.of("max_position_embeddings", 2048, "rope_scaling", Map.of("rope_type", "yarn",
                "factor", 4.0, "beta_fast", 16.0, "original_max_position_embeddings", 512)));
        ModelSpec more = change(RopeChange.Kind.YARN, 8).apply(own);
        assertEquals(new RopeScaling.Yarn(8, 512, 16, 1, true, 0.1 * Math.log(8) + 1), scaling(more, 0));
        assertEquals(4096, more.contextLength());
        assertEquals(2048, change(RopeChange.Kind.LINEAR, 2).apply(own).contextLength());
        ModelSpec asked = new RopeChange(RopeChange.Kind.YARN, 8, OptionalInt.of(1000)).apply(own);
        assertEquals(1000, ((RopeScaling.Yarn) scaling(asked, 0)).originalContext());
        assertEquals(8000, asked.contextLength());
    }

    @Test
    void longRopeKeepsTheSearchedFactors() throws Exception {
        List<Double> within = List.of(1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7);
        List<Double> beyond = within.stream().map(x -> 4 * x).toList();
        Map<String, Object> settings = Map.of("rope_type", "longrope", "factor", 4.0, "short_factor", within,
                "long_factor", beyond, "original_max_position_embeddings", 128);
        ModelSpec own = spec(LLAMA, Map.of("rope_scaling", settings));
        Map<String, Object> further = new HashMap<>(settings);
        further.put("factor", 8.0);
        ModelSpec asked = change(RopeChange.Kind.LONGROPE, 8).apply(own);
        assertEquals(spec(LLAMA, Map.of("rope_scaling", further)).sublayers(), asked.sublayers());
        assertEquals(1024, asked.contextLength());
    }

    @Test
    void layersWithWindowsKeepTheirs() throws Exception {
        ModelSpec own = spec(LLAMA, Map.of("model_type", "qwen2", "use_sliding_window", true, "sliding_window", 64,
                "layer_types", List.of("sliding_attention", "full_attention")));
        ModelSpec asked = change(RopeChange.Kind.LINEAR, 4).apply(own);
        assertEquals(new RopeScaling.None(), scaling(asked, 0));
        assertEquals(new RopeScaling.Linear(4), scaling(asked, 1));
    }

    private static void refuses(ModelSpec spec, RopeChange.Kind kind, String... words) {
        String message = assertThrows(IllegalArgumentException.class, () -> change(kind, 4).apply(spec)).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
    }

    @Test
    void refusesWhatAModelCannotHave() throws Exception {
        refuses(spec(LLAMA, Map.of()), RopeChange.Kind.LONGROPE, "longrope needs a factor for each frequency", "yarn");
        refuses(spec(Map.of("model_type", "gpt2", "n_embd", 64, "n_head", 4, "n_layer", 2, "n_positions", 64,
                "vocab_size", 100), Map.of()), RopeChange.Kind.YARN, "no attention with rotary positions");
        ModelSpec latent = spec(LLAMA, Map.of("model_type", "deepseek_v2", "num_key_value_heads", 4, "kv_lora_rank", 16,
                "qk_nope_head_dim", 8, "qk_rope_head_dim", 8, "v_head_dim", 8, "first_k_dense_replace", 2));
        refuses(latent, RopeChange.Kind.YARN, "cannot be scaled", "LatentAttention");
        assertThrows(IllegalArgumentException.class, () -> change(RopeChange.Kind.LINEAR, 0.5));
    }
}

package glia.model.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.io.Config;
import glia.model.Model;
import glia.model.ModelLoader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Configs of converted GGUF files have the keys of those that Transformers wrote.
class HubKeysTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden");

    @TempDir
    Path folder;

    private Config converted(String name) throws IOException {
        Path file = folder.resolve(name + ".gguf");
        try (Model model = ModelLoader.load(GOLDEN.resolve(name))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        try (Model model = ModelLoader.load(file)) {
            ModelWriter.write(model, folder.resolve(name));
        }
        return Config.read(folder.resolve(name).resolve("config.json"));
    }

    @ParameterizedTest
    @CsvSource({"deepseek_v2, n_routed_experts", "deepseek_v3, n_routed_experts", "deepseek_v3, num_key_value_heads",
        "kimi_k2, num_key_value_heads", "deepseek_v32, n_routed_experts", "glm4_moe, n_routed_experts",
        "glm_moe_dsa, num_key_value_heads", "nemotron_h_moe, n_routed_experts", "gpt_oss, num_local_experts",
        "granitemoehybrid, num_local_experts", "minimax_m2, num_local_experts", "mixtral, num_local_experts",
        "jamba, num_experts", "gemma4_text_moe, num_experts"})
    void countsHaveTheKeyOfTheFamily(String name, String key) throws IOException {
        Config config = converted(name);
        Config reference = Config.read(GOLDEN.resolve(name).resolve("config.json"));
        assertEquals(reference.integer(key), config.integer(key));
        assertEquals(reference.strings("architectures")[0], config.strings("architectures")[0]);
        assertEquals(key.equals("num_experts"), config.has("num_experts"));
    }

    @Test
    void sizesOfHeadsAreGivenLayerByLayer() throws IOException {
        Config config = converted("gemma4_keys");
        assertFalse(config.has("global_head_dim"));
        Config last = config.child("per_layer_config").child("2");
        assertEquals(12, last.integer("head_dim"));
        assertEquals(1, last.integer("num_key_value_heads"));
    }

    @Test
    void integersStayIntegers() throws IOException {
        assertEquals("8", converted("mpt").child("attn_config").values().get("alibi_bias_max").toString());
    }
}

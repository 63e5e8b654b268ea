package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.model.spec.Sublayer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Settings of single layers, as Transformers 5.24 reads them.
class LayerSettingsTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden");

    private static Config config(String name) throws CheckpointException {
        return Config.read(GOLDEN.resolve(name).resolve("config.json"));
    }

    private static List<String> attentions(Config config) throws CheckpointException {
        return Families.spec(config).sublayers().stream().map(Sublayer::mixer)
                .filter(NormedAttention.class::isInstance).map(NormedAttention.class::cast)
                .map(a -> a.headSize() + "x" + a.numKeyValueHeads()).toList();
    }

    /// Transformers saves only the settings that differ from those of the model: full layers with heads of the common
    /// size have none.
    @Test
    void fullLayersWithoutASizeHaveThatOfTheModel() throws CheckpointException {
        Config config = config("gemma4_text_moe");
        assertEquals(List.of("8x2", "8x2", "8x2", "8x2", "8x2", "16x1"), attentions(config));
        assertEquals(List.of("8x2", "8x2", "8x2", "8x2", "8x2", "8x1"), attentions(config.with("per_layer_config",
                Map.of("5", Map.of("num_key_value_heads", 1)))));
        assertEquals("8x2", attentions(config.with("per_layer_config", Map.of())).getLast());
        assertEquals("8x2", attentions(config.with("per_layer_config", null)).getLast());
        assertEquals("512x2", attentions(config.without("per_layer_config")).getLast());
        assertEquals("24x2", attentions(config.without("per_layer_config").with("global_head_dim", 24)).getLast());
    }

    @ParameterizedTest
    @CsvSource({"llama, intermediate_size, 24", "gemma4_text_moe, sliding_window, 3", "llama, head_dim, 4"})
    void otherSettingsOfSingleLayersAreRefused(String name, String key, int value) throws CheckpointException {
        Config config = config(name).with("per_layer_config", Map.of("1", Map.of(key, value)));
        String message = assertThrows(CheckpointException.class, () -> Families.spec(config)).getMessage();
        assertTrue(message.contains("per_layer_config") && message.contains("layer 1") && message.contains(key),
                message);
    }

    @Test
    void settingsThatRepeatTheModelsAreNoSettings() throws CheckpointException {
        Config config = config("llama");
        ModelSpec spec = Families.spec(config);
        assertEquals(spec, Families.spec(config.with("per_layer_config",
                Map.of("0", Map.of("head_dim", config.integer("head_dim")), "2", Map.of()))));
    }

    /// Transformers ignores the window.
    @Test
    void nemotronHasNoSlidingWindow() throws CheckpointException {
        Config config = config("nemotron_h");
        assertEquals(Families.spec(config), Families.spec(config.with("sliding_window", 3)));
    }
}

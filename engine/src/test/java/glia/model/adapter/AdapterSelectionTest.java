package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.model.Model;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Which modules get an adapter, and of which rank and scale.
class AdapterSelectionTest {
    private static final AdapterConfig CONFIG = AdapterConfig.defaults().withRank(2, 4);

    private static List<String> selected(Model model, AdapterConfig config) {
        return new AdapterBuilder(model, config).selected().stream().map(AdapterModule::path).toList();
    }

    @Test
    void modulesAreSelectedAsInPeft() throws CheckpointException {
        try (Model model = AdapterModels.load("llama")) {
            assertEquals(28, selected(model, CONFIG).size());
            assertEquals(8, selected(model, CONFIG.withTargets(ModuleNames.of("q_proj", "v_proj"))).size());
            assertEquals(List.of("model.layers.1.self_attn.q_proj"),
                    selected(model, CONFIG.withTargets(ModuleNames.of("layers.1.self_attn.q_proj"))));
            assertEquals(List.of(), selected(model, CONFIG.withTargets(ModuleNames.of("proj", "_proj"))));
            assertEquals(List.of("lm_head"), selected(model, CONFIG.withTargets(ModuleNames.of("lm_head"))));
            assertEquals(4, selected(model, CONFIG.withTargets(
                    new ModuleNames.Matching(".*layers\\.[03]\\.mlp\\.(up|down)_proj"))).size());
            assertEquals(List.of(), selected(model, CONFIG.withTargets(new ModuleNames.Matching("q_proj"))));
            assertEquals(24, selected(model, CONFIG.withExcluded(ModuleNames.of("o_proj"))).size());
            assertEquals(21, selected(model, CONFIG.withExcluded(new ModuleNames.Matching(".*\\.0\\..*"))).size());
            assertEquals(14, selected(model, CONFIG.withLayers(List.of(1, 3))).size());
            assertEquals(24, selected(model, CONFIG.withModulesToSave(List.of("o_proj"))).size());
        }
        try (Model model = AdapterModels.load("mixtral")) {
            List<String> all = selected(model, CONFIG);
            assertTrue(all.contains("model.layers.0.block_sparse_moe.experts.1.w2"), all::toString);
            assertTrue(all.stream().noneMatch(name -> name.endsWith(".gate")), all::toString);
        }
        try (Model model = AdapterModels.load("gpt2")) {
            assertTrue(selected(model, CONFIG).contains("transformer.h.0.attn.c_attn"));
        }
    }

    /// Names of modules to be saved are ends of paths, also within a word, and take all modules below with them.
    @Test
    void modulesToBeSavedMatchAsInPeft() {
        assertTrue(ModuleSelection.contains("model.layers.0.post_attention_layernorm", "norm"));
        assertTrue(ModuleSelection.contains("model.layers.0.mlp.up_proj", "mlp"));
        assertTrue(ModuleSelection.contains("lm_head", "lm_head"));
        assertFalse(ModuleSelection.contains("model.layers.0.mlp_gate.up_proj", "mlp"));
        assertFalse(ModuleSelection.contains("head", "lm_head"));
    }

    /// Keys of patterns are ends of names or expressions; α stays the global one unless it has a pattern.
    @Test
    void ranksAndScalesFollowPatterns() throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withRank(4, 8).withPatterns(
                Map.of("down_proj", 5, "layers.1.self_attn.q_proj", 2, "model.layers.[23].*k_proj", 1),
                Map.of("down_proj", 20.0));
        try (Model model = AdapterModels.load("llama")) {
            AdapterModules modules = new AdapterModules(model);
            AdapterScales scales = new AdapterScales(config);
            AdapterScales stabilized = new AdapterScales(config.with(AdapterConfig.Variant.RSLORA));
            Map<String, List<Double>> expected = Map.of("model.layers.0.mlp.down_proj", List.of(5.0, 4.0),
                    "model.layers.1.self_attn.q_proj", List.of(2.0, 4.0),
                    "model.layers.0.self_attn.q_proj", List.of(4.0, 2.0),
                    "model.layers.3.self_attn.k_proj", List.of(1.0, 8.0),
                    "model.layers.0.self_attn.k_proj", List.of(4.0, 2.0));
            expected.forEach((path, values) -> {
                AdapterModule m = modules.find(path).orElseThrow();
                assertEquals(values.getFirst().intValue(), scales.rank(m), path);
                assertEquals(values.getLast(), scales.scale(m), 1e-6, path);
                assertEquals(values.getLast() * Math.sqrt(values.getFirst()), stabilized.scale(m), 1e-5, path);
            });
        }
    }

    /// Names from other classes of the same family.
    @Test
    void containersOfNamesMayDiffer() throws CheckpointException {
        try (Model model = AdapterModels.load("llama")) {
            AdapterModules modules = new AdapterModules(model);
            for (String path : List.of("model.layers.0.self_attn.q_proj", "layers.0.self_attn.q_proj",
                    "model.language_model.layers.0.self_attn.q_proj",
                    "language_model.model.layers.0.self_attn.q_proj")) {
                assertEquals("model.layers.0.self_attn.q_proj", modules.find(path).orElseThrow().path());
            }
            for (String path : List.of("vision_tower.layers.0.self_attn.q_proj", "model.layers.9.self_attn.q_proj",
                    "self_attn.q_proj", "model.norm", "")) {
                assertTrue(modules.find(path).isEmpty(), path);
            }
        }
    }

    @Test
    void unusableConfigsAreRefused() throws CheckpointException {
        assertThrows(IllegalArgumentException.class, () -> CONFIG.withRank(0, 1));
        assertThrows(IllegalArgumentException.class, () -> CONFIG.withRank(1 << 20, 1));
        assertThrows(IllegalArgumentException.class, () -> CONFIG.withRank(1, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> CONFIG.withDropout(1));
        assertThrows(IllegalArgumentException.class, () -> new AdapterConfig.Variant(false, true, true));
        assertThrows(IllegalArgumentException.class,
                () -> CONFIG.withTargets(new ModuleNames.Matching(".*")).withLayers(List.of(1)));
        try (Model model = AdapterModels.load("llama")) {
            for (ModuleNames names : List.of(ModuleNames.of("input_layernorm"), ModuleNames.NONE,
                    new ModuleNames.Matching("("), new ModuleNames.Matching("(((m?.?)*)*)*x"))) {
                String message = assertThrows(IllegalArgumentException.class,
                        () -> Adapters.create(model, CONFIG.withTargets(names), 1)).getMessage();
                assertTrue(message.length() > 20, message);
            }
            assertThrows(IllegalArgumentException.class,
                    () -> Adapters.create(model, CONFIG.withModulesToSave(List.of("score")), 1));
        }
    }
}

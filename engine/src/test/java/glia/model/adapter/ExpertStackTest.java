package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.GgufModelWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters of stacked experts, as PEFT's `target_parameters` makes them.
class ExpertStackTest {
    private static final int RANK = 2;
    private static final float SCALE = 1.5f;
    private static final AdapterConfig CONFIG = AdapterConfig.defaults().withRank(RANK, 3)
            .withTargets(ModuleNames.NONE);

    @TempDir
    Path temporary;

    private static AdapterConfig config(String... parameters) {
        return CONFIG.withParameters(List.of(parameters));
    }

    /// The change of each expert's matrix is `s · Σ_i B[o, i·E + e] · A[e·r + i, k]`, where o counts gates before ups,
    /// or both in turn.
    @ParameterizedTest
    @CsvSource({"mixtral, model.layers.1.mlp.experts", "qwen3_moe, model.layers.1.mlp.experts",
            "gpt_oss, model.layers.1.mlp.experts", "jamba, model.layers.1.feed_forward.experts"})
    void changesAreThoseOfPeft(String family, String module) throws CheckpointException {
        try (Model model = AdapterModels.load(family);
                Adapters adapters = AdapterModels.changed(Adapters.create(model, config("gate_up_proj", "down_proj"),
                        5), 6);
                Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> file = adapters.tensors(arena);
            int compared = 0;
            for (Map.Entry<Parameter, Weight> entry : adapters.all().entrySet()) {
                Parameter p = entry.getKey();
                if (!model.storedName(p).startsWith(module.replace(".mlp.experts", "")
                        .replace(".feed_forward.experts", "") + ".")) {
                    continue;
                }
                boolean isDown = p.role() == Role.DOWN;
                String name = AdapterBuilder.PREFIX + module + (isDown ? "" : ".base_layer");
                Tensor a = file.get(name + ".lora_A.weight");
                Tensor b = file.get(name + ".lora_B.weight");
                LowRank found = (LowRank) entry.getValue();
                int experts = a.rows() / RANK;
                int rows = found.rows();
                float[] base = found.base().toF32(arena).toArray();
                float[] sum = found.toF32(arena).toArray();
                float[] expected = base.clone();
                for (int o = 0; o < rows; o++) {
                    int row = isDown ? o : family.equals("gpt_oss") ? 2 * o + (p.role() == Role.UP ? 1 : 0)
                            : o + (p.role() == Role.UP ? rows : 0);
                    for (int k = 0; k < found.cols(); k++) {
                        for (int i = 0; i < RANK; i++) {
                            expected[o * found.cols() + k] += SCALE
                                    * b.get((long) row * b.cols() + i * experts + p.expert())
                                    * a.get((long) (p.expert() * RANK + i) * a.cols() + k);
                        }
                    }
                }
                AdapterModels.assertClose(expected, sum, 1e-5, family + " " + p);
                assertTrue(AdapterModels.difference(base, sum) > 1e-3, "no change of " + p);
                compared++;
            }
            assertTrue(compared >= 12, "compared " + compared);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "qwen3_moe", "gpt_oss", "llama4_text", "jamba", "deepseek_v3", "minimax",
            "qwen3_next", "glm4_moe", "gemma4_text_moe", "nemotron_h_moe"})
    void familiesReadWhatTheyWrote(String family) throws CheckpointException {
        String up = family.equals("nemotron_h_moe") ? "up_proj" : "gate_up_proj";
        try (Model model = AdapterModels.load(family);
                Adapters adapters = AdapterModels.changed(Adapters.create(model, config("experts." + up,
                        "experts.down_proj"), 5), 6);
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
            }
        }
    }

    /// A GGUF file has the names of the hub's layout.
    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "gpt_oss", "qwen3_moe"})
    void adaptersOfFoldersFitGgufFiles(String family) throws CheckpointException {
        Path file = temporary.resolve("model.gguf");
        try (Model model = AdapterModels.load(family);
                Adapters adapters = AdapterModels.changed(Adapters.create(model, config("gate_up_proj", "down_proj"),
                        5), 6)) {
            AdapterFolder.write(adapters, temporary.resolve("adapter"), IfExists.FAIL);
            GgufModelWriter.write(model, file, Optional.of(DType.F32));
            try (Model gguf = ModelLoader.load(file);
                    Adapters read = AdapterFolder.read(gguf, temporary.resolve("adapter"))) {
                AdapterModels.assertClose(AdapterModels.logits(adapters.attach()),
                        AdapterModels.logits(read.attach()), 1e-4, family);
            }
        }
    }

    /// The last parameter of a module has its name, the one before it that of a base layer.
    @Test
    void namesAreNestedAsInPeft() throws CheckpointException {
        try (Model model = AdapterModels.load("mixtral"); Arena arena = Arena.ofConfined();
                Adapters both = Adapters.create(model, config("down_proj", "mlp.experts.gate_up_proj"), 1);
                Adapters one = Adapters.create(model, config("layers.0.mlp.experts.gate_up_proj"), 1);
                Adapters router = Adapters.create(model, config("block_sparse_moe.gate.weight"), 1)) {
            String at = "base_model.model.model.layers.0.mlp.experts.";
            assertTrue(both.tensors(arena).keySet().containsAll(List.of(at + "lora_A.weight",
                    at + "base_layer.lora_A.weight", at + "lora_B.weight", at + "base_layer.lora_B.weight")));
            assertEquals(List.of(at + "lora_A.weight", at + "lora_B.weight"),
                    List.copyOf(new TreeSet<>(one.tensors(arena).keySet())));
            assertEquals(model.spec().sublayers().size() / 2, router.modules().size());
        }
    }

    @Test
    void ranksOfPatternsHold() throws CheckpointException {
        AdapterConfig config = config("gate_up_proj", "down_proj").withPatterns(Map.of(".*\\.gate_up_proj", 4),
                Map.of(".*\\.gate_up_proj", 6.0));
        try (Model model = AdapterModels.load("mixtral"); Adapters adapters = Adapters.create(model, config, 1)) {
            adapters.all().forEach((p, w) -> {
                LowRank adapted = (LowRank) w;
                assertEquals(p.role() == Role.DOWN ? 2 : 4, adapted.rank());
                assertEquals(1.5f, adapted.scale());
            });
        }
    }

    @Test
    void brokenFilesAreRefused() throws CheckpointException {
        try (Model model = AdapterModels.load("mixtral"); Arena arena = Arena.ofConfined();
                Adapters adapters = Adapters.create(model, config("gate_up_proj", "down_proj"), 5)) {
            String at = "base_model.model.model.layers.0.mlp.experts.";
            for (String problem : List.of("missing", "shape", "deeper", "magnitude")) {
                AdapterFolder.write(adapters, temporary, IfExists.REPLACE);
                Map<String, Tensor> tensors = new LinkedHashMap<>(adapters.tensors(arena));
                switch (problem) {
                    case "missing" -> tensors.remove(at + "lora_B.weight");
                    case "shape" -> tensors.put(at + "lora_A.weight", Tensor.allocate(arena, DType.F32, 2, 48));
                    case "deeper" -> tensors.put(at + "base_layer.base_layer.lora_A.weight",
                            Tensor.allocate(arena, DType.F32, 8, 32));
                    default -> tensors.put(at + "lora_magnitude_vector", Tensor.allocate(arena, DType.F32, 32));
                }
                SafetensorsWriter.write(temporary.resolve(AdapterFolder.TENSORS), tensors, Map.of(),
                        IfExists.REPLACE);
                String message = assertThrows(CheckpointException.class,
                        () -> AdapterFolder.read(model, temporary)).getMessage();
                assertTrue(message.contains("model.layers.0.mlp.experts"), problem + ": " + message);
            }
        }
    }

    @Test
    void unusableConfigsAreRefused() throws CheckpointException {
        List<AdapterConfig> wrong = new ArrayList<>(List.of(config("gate_up"), config("experts.w1")));
        try (Model model = AdapterModels.load("mixtral")) {
            for (AdapterConfig each : wrong) {
                assertThrows(IllegalArgumentException.class, () -> Adapters.create(model, each, 1), each::toString);
            }
        }
        try (Model model = AdapterModels.load("llama")) {
            assertThrows(IllegalArgumentException.class, () -> Adapters.create(model, config("down_proj"), 1));
        }
        assertThrows(IllegalArgumentException.class, () -> config("down_proj").withDropout(0.1));
        assertThrows(IllegalArgumentException.class, () -> config("down_proj").with(AdapterConfig.Variant.DORA));
        assertThrows(IllegalArgumentException.class, () -> config("down_proj").with(
                new AdapterConfig.Variant(false, false, true)));
    }
}

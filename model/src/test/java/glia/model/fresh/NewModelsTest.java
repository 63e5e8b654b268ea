package glia.model.fresh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.yaml.YamlDocument;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.family.Families;
import glia.model.family.HandWritten;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.SpecJson;
import glia.model.write.ModelWriter;
import glia.tensor.format.Decode;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NewModelsTest {
    private static final String ALL_MIXERS = """
            vocab: 96
            hidden: 48
            context: 64
            norm: layer
            positions: true
            tied: false
            layers:
              - mixers: [{kind: attention, heads: 4, kv-heads: 2, qk-norm: true}, {kind: mlp}]
              - repeat: 2
                mixers:
                  - {kind: sliding-attention, heads: 3, window: 8, alibi: true, rope: none, after: rms}
                  - {kind: moe, experts: 4, size: 24, shared: 16, router: sigmoid, correction: true}
              - mixers: [{kind: mamba, state: 4}, {kind: mamba2, state: 8, head-size: 16}]
              - mixers: [{kind: gated-delta, heads: 4, key-heads: 2}, {kind: lightning, heads: 3, residual: 0.5}]
              - mixers: [{kind: elman, residual: false, norm: none}, {kind: gru, size: 7}, {kind: lstm}]
              - mixers:
                  - kind: parallel
                    branches: [{kind: attention, cap: 20}, {kind: mlp, gated: false, activation: gelu-tanh}]
            """;

    static Stream<String> families() {
        return NewModels.families().stream().map(FamilySizes::modelType);
    }

    @ParameterizedTest
    @MethodSource("families")
    void aFamilyWithFewSizesSavesAndLoads(String family, @TempDir Path dir) throws IOException {
        FamilySizes sizes = NewModels.families().stream().filter(f -> f.modelType().equals(family)).findFirst()
                .orElseThrow();
        assertEquals(512, sizes.standard("context"));
        savesAndLoads(NewModels.config(family, Map.of("hidden", 64, "layers", 4, "vocab", 50)), dir);
        // Defaults follow the hidden size, also one that 64 does not divide.
        assertEquals(80, Families.spec(NewModels.config(family, Map.of("hidden", 80, "context", 32))).hiddenSize());
    }

    private static void savesAndLoads(Config config, Path dir) throws IOException {
        Path folder = dir.resolve("model");
        try (Model made = FreshModel.create(config, 7)) {
            ModelWriter.write(made, folder);
            try (Model loaded = ModelLoader.load(folder)) {
                assertEquals(made.spec().withDrafts(List.of()), loaded.spec());
                for (Parameter p : Parameters.of(loaded.spec()).keySet()) {
                    assertEquals(-1, bytes(made.weights().get(p)).mismatch(bytes(loaded.weights().get(p))),
                            p.toString());
                }
            }
        }
    }

    private static java.lang.foreign.MemorySegment bytes(Weight w) {
        return switch (w) {
            case Weight.Stored stored -> Decode.widen(stored.tensor(), java.lang.foreign.Arena.ofAuto()).memory();
            case Weight.Deferred deferred -> Decode.widen(deferred.matrix(), java.lang.foreign.Arena.ofAuto()).memory();
            default -> throw new AssertionError(w);
        };
    }

    @Test
    void allFamiliesButThoseOfOtherInputsHaveSizes() {
        TreeSet<String> without = new TreeSet<>(Families.modelTypes());
        families().forEach(without::remove);
        without.removeIf(type -> Families.ofModelType(type).orElseThrow().getClass().getSimpleName()
                .equals("TextBackbone"));
        // No recipe trains on sounds or pictures with their texts; three text models are those of their siblings.
        assertEquals(new TreeSet<>(List.of(HandWritten.MODEL_TYPE, "chameleon", "clip", "gemma4_unified_text",
                "glm4v_text", "moonshine", "parakeet_ctc", "qwen3_vl_moe_text", "siglip", "wav2vec2", "whisper")),
                without);
    }

    /// Transformers reads the numbers of experts and groups of these families under no other names.
    @ParameterizedTest
    @CsvSource({"kimi_linear, num_experts", "bailing_hybrid, num_experts", "deepseek_v3, n_routed_experts",
        "hunyuan_v1_moe, num_experts", "longcat_flash, n_routed_experts", "dots1, n_routed_experts"})
    void sizesHaveTheKeysOfTheReference(String family, String experts) throws Exception {
        Config made = NewModels.config(family, Map.of());
        Config reference = Config.read(Path.of(NewModelsTest.class.getResource("/golden/" + family + "/config.json")
                .toURI()));
        TreeSet<Object> keys = new TreeSet<>(made.values().keySet());
        keys.removeAll(reference.values().keySet());
        // Read by the reference's constructor, which saves what it makes of them.
        keys.removeAll(List.of("rope_theta", "first_k_dense_replace", "head_dim"));
        assertEquals(new TreeSet<>(), keys);
        assertTrue(made.has(experts));
    }

    @Test
    void thePatcherOfBytesIsNotTrained() throws CheckpointException {
        ModelSpec spec = Families.spec(NewModels.config("blt", Map.of("hidden", 64)));
        for (Parameter p : Parameters.of(spec).keySet()) {
            String name = Families.ofModelType("blt").orElseThrow().source(spec, p).stored().names().getFirst();
            assertEquals(name.startsWith("model.patcher."), spec.isFixed(p), name);
        }
    }

    @Test
    void aSpecOfAllMixersSavesAndLoads(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("a.yaml"), ALL_MIXERS);
        ModelSpec spec = YamlSpec.read(YamlDocument.read(file));
        assertEquals(7, spec.numLayers());
        assertEquals(spec, SpecJson.read(SpecJson.write(spec), "spec"));
        savesAndLoads(NewModels.config(file.toString(), Map.of()), dir);
    }

    @Test
    void aModelMadeOfASpecInJavaSavesAndLoads(@TempDir Path dir) throws IOException {
        ModelSpec spec = YamlSpec.read(YamlDocument.parse(Path.of("a.yaml"), ALL_MIXERS));
        try (Model made = FreshModel.create(spec, 1)) {
            ModelWriter.write(made, dir.resolve("model"));
            try (Model loaded = ModelLoader.load(dir.resolve("model"))) {
                assertEquals(spec, loaded.spec());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void theSpecOfEachGoldenConfigIsReadBack(Path config) throws IOException {
        ModelSpec spec = Families.spec(Config.read(config));
        assertEquals(spec, SpecJson.read(SpecJson.write(spec), "spec"));
    }

    static List<Path> goldens() throws Exception {
        Path golden = Path.of(NewModelsTest.class.getResource("/golden/llama/config.json").toURI()).getParent()
                .getParent();
        try (Stream<Path> folders = Files.list(golden)) {
            return folders.map(f -> f.resolve("config.json")).sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "kind: mlp, sise: 3 | line 4: key layers[0].mixers[0].sise: is not a key of the mixer mlp | Did you mean size?",
        "kind: mambo | line 4: key layers[0].mixers[0].kind: found 'mambo', expected one of | Did you mean mamba",
        "kind: attention, heads: 5 | 5 heads do not divide the hidden size 48 | no head-size",
        "kind: attention, heads: 3, kv-heads: 2 | line 4 | attention with 3 heads, 2 key-value heads",
        "kind: mlp, size: -1 | line 4: key layers[0].mixers[0].size | expected a whole number of at least 1",
        "kind: mlp, activation: silo | found 'silo', expected one of silu | Did you mean silu?",
    })
    void errorsNameLineAndKey(String mixer, String first, String second) {
        String yaml = "vocab: 96\nhidden: 48\nlayers:\n  - mixers: [{" + mixer + "}]\n";
        assertTrue(assertThrows(CheckpointException.class, () -> YamlSpec.read(YamlDocument.parse(Path.of("x.yaml"),
                "vocab: 96\nhidden: 48\nlayers:\n  - mixers: [{kind: mlp}]\n    repeat: 999999999\n")))
                .getMessage().contains("line 5: key layers[0].repeat: makes 999999999 layers, expected at most 10000"));
        String message = assertThrows(CheckpointException.class,
                () -> YamlSpec.read(YamlDocument.parse(Path.of("x.yaml"), yaml))).getMessage();
        assertTrue(message.contains(first) && message.contains(second), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "lama | hidden | 64 | 'lama' is no family | Did you mean llama",
        "llama | hiden | 64 | hiden: the family llama has no such key | Did you mean hidden?",
        "llama | hidden | 0 | hidden: found 0 | expected a whole number of at least 1",
        "llama | heads | 3 | head_dim | expected",
    })
    void wrongNamesAndSizesAreRefused(String family, String key, int value, String first, String second)
            throws CheckpointException {
        if (key.equals("heads")) {
            // 256 / 3 is rounded down to an odd 85, which RoPE cannot rotate in pairs.
            assertThrows(CheckpointException.class, () -> NewModels.config(family, Map.of(key, value)));
            return;
        }
        String message = assertThrows(IllegalArgumentException.class,
                () -> NewModels.config(family, Map.of(key, value))).getMessage();
        assertTrue(message.contains(first) && message.contains(second), message);
    }

    @Test
    void anotherConfigIsTheStart(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("config.json"), NewModels.config("llama", Map.of()).json());
        assertEquals(3, Families.spec(NewModels.config(file.toString(), Map.of("num_hidden_layers", 3))).numLayers());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> NewModels.config(file.toString(),
                Map.of("num_hiden_layers", 3))).getMessage().contains("Did you mean num_hidden_layers?"));
    }
}

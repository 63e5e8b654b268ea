package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.io.load.ConsolidatedCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters in GGUF files, and models in Mistral's own form.
class GgufAdapterTest {
    @TempDir
    Path temporary;

    private static AdapterConfig config() {
        return AdapterConfig.defaults().withRank(3, 5).withPatterns(Map.of("down_proj", 2), Map.of("q_proj", 7.0));
    }

    /// In the file's own order of rows, the merged matrix is the base's plus `α / r · B · A`; on the hub's form and on
    /// the GGUF file of the model the adapter gives the same logits.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "gemma2", "gpt2", "ministral3"})
    void adaptersFitTheGgufFileOfTheirModel(String family) throws CheckpointException {
        Path file = temporary.resolve("adapter.gguf");
        Path base = temporary.resolve("base.gguf");
        Path merged = temporary.resolve("merged.gguf");
        try (Model model = AdapterModels.load(family); Adapters adapters = AdapterModels.changed(
                Adapters.create(model, config(), 5), 6)) {
            GgufAdapter.write(adapters, file, IfExists.FAIL);
            GgufModelWriter.write(model, base, Optional.of(DType.F32));
            GgufModelWriter.write(adapters.merged(), merged, Optional.of(DType.F32));
            float[] wanted = AdapterModels.logits(adapters.attach());
            try (Adapters read = AdapterFolder.read(model, file)) {
                AdapterModels.assertClose(wanted, AdapterModels.logits(read.attach()), 1e-5, "on the hub's form");
            }
            try (Model gguf = ModelLoader.load(base); Adapters read = AdapterFolder.read(gguf, file)) {
                AdapterModels.assertClose(wanted, AdapterModels.logits(read.attach()), 1e-4, "on the GGUF file");
                GgufAdapter.write(read, temporary.resolve("again.gguf"), IfExists.FAIL);
            }
        }
        try (GgufCheckpoint factors = GgufCheckpoint.open(file); GgufCheckpoint before = GgufCheckpoint.open(base);
                GgufCheckpoint after = GgufCheckpoint.open(merged);
                GgufCheckpoint again = GgufCheckpoint.open(temporary.resolve("again.gguf"))) {
            assertEquals("adapter", factors.metadata().string("general.type"));
            assertEquals("lora", factors.metadata().string("adapter.type"));
            double alpha = factors.metadata().real("adapter.lora.alpha");
            assertEquals(factors.names(), again.names());
            int matrices = 0;
            for (String name : factors.names()) {
                if (name.endsWith(".lora_a")) {
                    String of = name.substring(0, name.length() - 7);
                    assertProduct(before.tensor(of), after.tensor(of), factors.tensor(name),
                            factors.tensor(of + ".lora_b"), alpha);
                    matrices++;
                }
            }
            assertTrue(matrices >= 8, "matrices: " + matrices);
        }
    }

    private static void assertProduct(Tensor before, Tensor after, Tensor a, Tensor b, double alpha) {
        for (int r = 0; r < before.rows(); r += 3) {
            for (int c = 0; c < before.cols(); c += 3) {
                double sum = 0;
                for (int k = 0; k < a.rows(); k++) {
                    sum += b.get((long) r * b.cols() + k) * a.get((long) k * a.cols() + c);
                }
                long at = (long) r * before.cols() + c;
                assertEquals(before.get(at) + alpha / a.rows() * sum, after.get(at), 1e-4);
            }
        }
    }

    @Test
    void otherFilesAreRefused() throws CheckpointException {
        Path file = temporary.resolve("adapter.gguf");
        try (Model model = AdapterModels.load("llama"); Model other = AdapterModels.load("qwen2");
                Arena arena = Arena.ofConfined();
                Adapters adapters = Adapters.create(other, config(), 1);
                Adapters dora = Adapters.create(model, config().with(AdapterConfig.Variant.DORA), 1)) {
            GgufAdapter.write(adapters, file, IfExists.FAIL);
            says(model, file, "qwen2", "llama");
            assertTrue(assertThrows(CheckpointException.class, () -> ModelLoader.load(file)).getMessage()
                    .contains("--adapter"));
            assertThrows(CheckpointException.class, () -> GgufAdapter.write(dora, file, IfExists.REPLACE));
            Map<String, Object> keys = Map.of("general.type", "adapter", "general.architecture", "llama",
                    "adapter.type", "lora", "adapter.lora.alpha", 4f);
            GgufMetadata metadata = GgufMetadata.of(file, keys);
            Tensor three = Tensor.allocate(arena, DType.F32, 3, 3);
            GgufWriter.write(file, metadata, Map.of("blk.0.attn_x.weight.lora_a", three));
            says(model, file, "blk.0.attn_x.weight");
            GgufWriter.write(file, metadata, Map.of("blk.0.attn_q.weight.lora_a", three,
                    "blk.0.attn_q.weight.lora_b", three));
            says(model, file, "shape");
            GgufWriter.write(file, GgufMetadata.of(file, Map.of("general.architecture", "llama")), Map.of());
            says(model, file, "expected an adapter");
        }
    }

    private static void says(Model model, Path file, String... parts) {
        String message = assertThrows(CheckpointException.class, () -> AdapterFolder.read(model, file)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    private static final Map<String, String> PARAMS = Map.of(
            "mistral", "\"norm_eps\":1e-6,\"rope_theta\":10000.0,\"sliding_window\":4,\"n_kv_heads\":2",
            "mixtral", "\"norm_eps\":1e-5,\"rope_theta\":1e6,\"n_kv_heads\":2,"
                    + "\"moe\":{\"num_experts\":4,\"num_experts_per_tok\":2}",
            "ministral3", "\"norm_eps\":1e-5,\"rope_theta\":1e6,\"n_kv_heads\":2,\"max_position_embeddings\":256,"
                    + "\"yarn\":{\"factor\":16,\"beta\":32,\"alpha\":1,\"original_max_position_embeddings\":16384,"
                    + "\"apply_scale\":false},\"llama_4_scaling\":{\"beta\":0.1,"
                    + "\"original_max_position_embeddings\":16384}");

    /// `consolidated.safetensors` with `params.json` is the same model: rows of queries and keys are pairs of neighbors
    /// there. Written again it has the hub's form.
    @ParameterizedTest
    @ValueSource(strings = {"mistral", "mixtral", "ministral3"})
    void mistralsFormIsTheSameModel(String family) throws IOException {
        try (Model model = AdapterModels.load(family)) {
            Path own = consolidated(family);
            float[] wanted = AdapterModels.logits(model);
            try (Model found = ModelLoader.load(own)) {
                assertEquals(model.spec().sublayers(), found.spec().sublayers());
                assertArrayEquals(wanted, AdapterModels.logits(found));
                ModelWriter.write(found, temporary.resolve("hub"));
            }
            try (Model again = ModelLoader.load(temporary.resolve("hub"))) {
                assertArrayEquals(wanted, AdapterModels.logits(again));
            }
        }
    }

    /// FP8 as Mistral stores it: a scale for each matrix and one for its inputs, which is not used.
    @Test
    void mistralsFp8IsTheSameModel() throws IOException {
        Path own = consolidated("ministral3");
        Path hub = temporary.resolve("plain");
        Map<String, Tensor> coded = new LinkedHashMap<>();
        Map<String, Tensor> plain = new LinkedHashMap<>();
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(own.resolve("consolidated.safetensors"));
                Arena arena = Arena.ofConfined()) {
            for (String name : file.names()) {
                Tensor t = file.tensor(name);
                boolean isCoded = name.matches("layers.*[.]w[kqvo123][.]weight");
                coded.put(name, isCoded ? Tensor.allocate(arena, DType.F8_E4M3, t.shape()) : t);
                plain.put(name, isCoded ? Tensor.allocate(arena, DType.F32, t.shape()) : t);
                for (long i = 0; isCoded && i < t.size(); i++) {
                    // Multiples of 1/8 below 1, and a scale that is a power of two, so that nothing is rounded.
                    float code = Math.round(Math.clamp(t.get(i), -0.9f, 0.9f) * 8) / 8f;
                    Encode.fromFloats(DType.F8_E4M3, new float[] {code}, 0, 1, coded.get(name).address() + i);
                    plain.get(name).set(i, code * 0.25f);
                }
                if (isCoded) {
                    coded.put(name.replace(".weight", ".qscale_weight"), Tensor.of(arena, new float[] {0.25f}));
                    coded.put(name.replace(".weight", ".qscale_act"), Tensor.of(arena, new float[] {0.5f}));
                }
            }
            Files.createDirectories(hub);
            SafetensorsWriter.write(hub.resolve("consolidated.safetensors"), plain, Map.of());
            Files.copy(own.resolve("params.json"), hub.resolve("params.json"));
            Files.move(own.resolve("consolidated.safetensors"), own.resolve("old"));
            SafetensorsWriter.write(own.resolve("consolidated.safetensors"), coded, Map.of());
        }
        String params = Files.readString(own.resolve("params.json"));
        quantized(own, params, "fp8_e4m3");
        try (Model wanted = ModelLoader.load(hub); Model found = ModelLoader.load(own)) {
            assertEquals(28, found.tensors().packed().size());
            AdapterModels.assertClose(AdapterModels.logits(wanted), AdapterModels.logits(found), 1e-5, "FP8");
        }
        quantized(own, params, "nvfp4");
        String words = assertThrows(CheckpointException.class, () -> ModelLoader.load(own)).getMessage();
        assertTrue(words.contains("qformat_weight: found \"nvfp4\""), words);
    }

    private static void quantized(Path own, String params, String format) throws IOException {
        Files.writeString(own.resolve("params.json"), params.substring(0, params.length() - 1)
                + ",\"quantization\":{\"qformat_weight\":\"" + format + "\",\"qscheme_act\":\"TENSOR\"}}");
    }

    /// Several files with an index.
    @Test
    void mistralsFormMayHaveSeveralFiles() throws IOException {
        Path own = consolidated("mistral");
        var index = new StringBuilder("{\"metadata\":{},\"weight_map\":{");
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(own.resolve("consolidated.safetensors"))) {
            Map<Integer, Map<String, Tensor>> shards = new LinkedHashMap<>();
            for (String name : file.names()) {
                int shard = 1 + shards.values().stream().mapToInt(Map::size).sum() % 2;
                shards.computeIfAbsent(shard, _ -> new LinkedHashMap<>()).put(name, file.tensor(name));
                index.append(index.toString().endsWith("{") ? "\"" : ",\"").append(name)
                        .append("\":\"consolidated-0000").append(shard).append("-of-00002.safetensors\"");
            }
            for (Map.Entry<Integer, Map<String, Tensor>> shard : shards.entrySet()) {
                SafetensorsWriter.write(own.resolve("consolidated-0000" + shard.getKey() + "-of-00002.safetensors"),
                        shard.getValue(), Map.of());
            }
        }
        Files.delete(own.resolve("consolidated.safetensors"));
        Files.writeString(own.resolve("consolidated.safetensors.index.json"), index + "}}");
        try (Model wanted = AdapterModels.load("mistral"); Model found = ModelLoader.load(own)) {
            assertArrayEquals(AdapterModels.logits(wanted), AdapterModels.logits(found));
        }
    }

    private Path consolidated(String family) throws IOException {
        Path own = Files.createDirectories(temporary.resolve("own"));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsCheckpoint hub = SafetensorsCheckpoint.open(AdapterModels.folder(family));
                Arena arena = Arena.ofConfined()) {
            for (String name : hub.names()) {
                Tensor t = hub.tensor(name);
                boolean isRotated = name.contains("q_proj") || name.contains("k_proj");
                tensors.put(name.replace("model.embed_tokens", "tok_embeddings").replace("model.", "")
                        .replace("lm_head", "output").replace("input_layernorm", "attention_norm")
                        .replace("post_attention_layernorm", "ffn_norm")
                        .replaceAll("self_attn\\.([qkvo])_proj", "attention.w$1").replace("mlp.gate_proj",
                        "feed_forward.w1").replace("mlp.down_proj", "feed_forward.w2").replace("mlp.up_proj",
                        "feed_forward.w3").replace("block_sparse_moe.", "feed_forward."), isRotated ? pairs(t, arena)
                        : t);
            }
            SafetensorsWriter.write(own.resolve(ConsolidatedCheckpoint.FILE_NAME), tensors, Map.of());
        }
        Files.writeString(own.resolve("params.json"), "{\"dim\":32,\"n_layers\":4,\"head_dim\":8,\"hidden_dim\":48,"
                + "\"n_heads\":4,\"vocab_size\":64," + PARAMS.get(family) + "}");
        return own;
    }

    /// Rows i and i + 4 of each head of 8 become neighbors.
    private static Tensor pairs(Tensor w, Arena arena) {
        Tensor pairs = Tensor.allocate(arena, DType.F32, w.shape());
        for (int r = 0; r < w.rows(); r++) {
            int to = r / 8 * 8 + (r % 8 < 4 ? 2 * (r % 8) : 2 * (r % 8 - 4) + 1);
            for (int c = 0; c < w.cols(); c++) {
                pairs.set((long) to * w.cols() + c, w.get((long) r * w.cols() + c));
            }
        }
        return pairs;
    }
}

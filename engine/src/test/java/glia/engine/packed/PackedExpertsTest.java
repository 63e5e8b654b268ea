package glia.engine.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.inspect.ModelSummary;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.gguf.GgufCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.model.quant.HubLayout;
import glia.model.quant.PackedModels;
import glia.model.write.GgufModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Packed experts: in stacks and one by one, as gpt-oss, Kimi and DeepSeek have them.
@Timeout(300)
class PackedExpertsTest {
    private static final String GPT_OSS = """
            {"model_type": "gpt_oss", "vocab_size": 37, "hidden_size": 64, "intermediate_size": 96,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
            "num_local_experts": 8, "num_experts_per_tok": 2, "sliding_window": 8, "max_position_embeddings": 256}""";

    @TempDir
    Path folder;

    private Path packed() {
        return folder.resolve("packed");
    }

    private Path dense() {
        return folder.resolve("dense");
    }

    private static Path golden(String name) throws IOException {
        try {
            return Path.of(PackedExpertsTest.class.getResource("/golden/" + name + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    /// Matrix `index` of a stack, turned if need be.
    private static Tensor matrix(Arena arena, Tensor stack, int index, boolean turned) {
        int rows = Math.toIntExact(stack.dim(1));
        int cols = stack.cols();
        Tensor m = Tensor.allocate(arena, DType.F32, turned ? cols : rows, turned ? rows : cols);
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                m.set(turned ? (long) k * rows + r : (long) r * cols + k,
                        stack.get(((long) index * rows + r) * cols + k));
            }
        }
        return m;
    }

    /// Quantizes each matrix of a stack and stacks the parts.
    private static float[] stack(Arena arena, HubLayout layout, Tensor t, boolean turned, Map<String, Tensor> stacks,
            Random random) {
        int count = Math.toIntExact(t.dim(0));
        float[] numbers = new float[Math.toIntExact(t.size())];
        for (int i = 0; i < count; i++) {
            Tensor m = matrix(arena, t, i, turned);
            Map<String, Tensor> parts = new LinkedHashMap<>();
            float[] values = layout.quantize(arena, "m", m, parts, random);
            for (int j = 0; j < values.length; j++) {
                int at = turned ? j % m.cols() * m.rows() + j / m.cols() : j;
                numbers[i * values.length + at] = values[j];
            }
            for (Map.Entry<String, Tensor> part : parts.entrySet()) {
                Tensor one = part.getValue();
                long[] shape = new long[one.rank() + 1];
                shape[0] = count;
                System.arraycopy(one.shape(), 0, shape, 1, one.rank());
                Tensor all = stacks.computeIfAbsent(part.getKey(), k -> Tensor.allocate(arena, one.dtype(), shape));
                all.memory().asSlice(i * one.sizeBytes(), one.sizeBytes()).copyFrom(one.memory());
            }
        }
        return numbers;
    }

    private void writeGptOss() throws IOException {
        Path source = Files.createDirectories(folder.resolve("source"));
        TinyModel.write(source, GPT_OSS, 7);
        PackedModels.write(source, GPT_OSS, PackedModels.config(GPT_OSS, "{\"quant_method\": \"mxfp4\", "
                + "\"modules_to_not_convert\": [\"lm_head\"]}"), packed(), dense(), (arena, name, t, codes, random) -> {
                    if (!name.endsWith("_proj") || t.rank() != 3) {
                        return Optional.empty();
                    }
                    Map<String, Tensor> parts = new LinkedHashMap<>();
                    float[] numbers = stack(arena, HubLayout.MXFP4, t, true, parts, random);
                    Tensor blocks = parts.get("m.weight_packed");
                    codes.put(name + "_blocks", blocks.reshape(blocks.dim(0), blocks.dim(1), blocks.cols() / 16, 16));
                    codes.put(name + "_scales", parts.get("m.weight_scale"));
                    return Optional.of(numbers);
                });
    }

    @Test
    void gptOssInMxfp4() throws IOException {
        writeGptOss();
        PackedCheck.logits(packed(), dense());
        try (Model model = ModelLoader.load(packed())) {
            long bytes = ModelSummary.of(model).dtypes().get("MXFP4");
            assertEquals(2L * 8 * (3 * 64 * 96 / 2 + 3 * 64 * 96 / 32), bytes);
        }
    }

    @Test
    void gptOssInMxfp4AsAGgufFile() throws IOException {
        writeGptOss();
        Path file = folder.resolve("gpt-oss.gguf");
        try (Model model = ModelLoader.load(packed())) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        PackedCheck.logits(file, dense());
        try (GgufCheckpoint gguf = GgufCheckpoint.open(file)) {
            assertEquals(DType.MXFP4, gguf.tensor("blk.0.ffn_gate_exps.weight").dtype());
            assertEquals(DType.MXFP4, gguf.tensor("blk.1.ffn_down_exps.weight").dtype());
            assertEquals(DType.F32, gguf.tensor("blk.1.ffn_down_exps.bias").dtype());
        }
    }

    @Test
    void expertsThatAreNotChosenAreNotRead() throws IOException {
        writeGptOss();
        for (Precision precision : Precision.values()) {
            try (Model model = ModelLoader.load(packed()); Workers workers = new Workers(2);
                    Engine engine = new Engine(model, KernelBackends.choose("auto", workers).kernels(), precision,
                    1 << 24)) {
                assertEquals(0, numRead(model));
                try (Sequence sequence = engine.open()) {
                    engine.add(sequence, new int[] {5}, 0, 1, Outputs.ALL);
                    engine.run();
                }
                // Two layers, two experts each, of three matrices.
                assertEquals(12, numRead(model));
            }
        }
    }

    private static long numRead(Model model) {
        return model.weights().all().values().stream()
                .filter(w -> w instanceof Weight.Quantized c && c.matrix().isRead()).count();
    }

    @ParameterizedTest
    @ValueSource(strings = {"FP8", "FP8_ONE_SCALE"})
    void stacksInFp8(String layout) throws IOException {
        writeStacks(golden("qwen3_moe"), HubLayout.valueOf(layout));
        PackedCheck.logits(packed(), dense());
    }

    /// Experts of a checkpoint that has them one by one as the stacks that newer libraries save.
    private void writeStacks(Path source, HubLayout layout) throws IOException {
        String config = Files.readString(source.resolve("config.json"));
        PackedModels.write(source, config, PackedModels.config(config, layout.config()), packed(), dense(),
                (arena, name, t, codes, random) -> name.contains(".experts.")
                        ? Optional.of(t.toArray()) : Optional.empty());
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(source.resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> codes = new LinkedHashMap<>();
            Map<String, Tensor> numbers = new LinkedHashMap<>();
            for (String name : file.names()) {
                if (!name.contains(".experts.")) {
                    codes.put(name, file.tensor(name));
                    numbers.put(name, file.tensor(name));
                }
            }
            for (int layer = 0; layer < 4; layer++) {
                String at = "model.layers." + layer + ".mlp.experts.";
                if (file.names().contains(at + "0.up_proj.weight")) {
                    Tensor gateUp = Tensor.allocate(arena, DType.F32, 4, 32, 32);
                    Tensor down = Tensor.allocate(arena, DType.F32, 4, 32, 16);
                    for (int i = 0; i < 4; i++) {
                        part(gateUp, 2 * i, 8).copyFrom(file.tensor(at + i + ".gate_proj.weight").reshape(512));
                        part(gateUp, 2 * i + 1, 8).copyFrom(file.tensor(at + i + ".up_proj.weight").reshape(512));
                        part(down, i, 4).copyFrom(file.tensor(at + i + ".down_proj.weight").reshape(512));
                    }
                    put(arena, layout, at + "gate_up_proj", gateUp, codes, numbers);
                    put(arena, layout, at + "down_proj", down, codes, numbers);
                }
            }
            assertTrue(codes.keySet().stream().anyMatch(name -> name.endsWith("gate_up_proj_scale_inv")));
            SafetensorsWriter.write(packed().resolve("model.safetensors"), codes, Map.of());
            SafetensorsWriter.write(dense().resolve("model.safetensors"), numbers, Map.of());
        }
    }

    private static Tensor part(Tensor t, int index, int count) {
        long bytes = t.sizeBytes() / count;
        return Tensor.of(DType.F32, t.memory().asSlice(index * bytes, bytes), bytes / 4);
    }

    private static void put(Arena arena, HubLayout layout, String name, Tensor t, Map<String, Tensor> codes,
            Map<String, Tensor> numbers) {
        Map<String, Tensor> parts = new LinkedHashMap<>();
        numbers.put(name, Tensor.of(arena, stack(arena, layout, t, false, parts, new Random(1)), t.shape()));
        codes.put(name, parts.get("m.weight"));
        codes.put(name + "_scale_inv", parts.get("m.weight_scale_inv"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3 FP8_POWERS", "mixtral FP8", "qwen3_moe GPTQ", "glm4_moe AWQ",
        "qwen3_moe FLOAT8"})
    void expertsOneByOne(String goldenAndLayout) throws IOException {
        String[] words = goldenAndLayout.split(" ");
        Path source = golden(words[0]);
        HubLayout layout = HubLayout.valueOf(words[1]);
        String config = Files.readString(source.resolve("config.json"));
        PackedModels.write(source, config, PackedModels.config(config, layout.config()), packed(), dense(),
                (arena, name, t, codes, random) -> name.contains(".experts.") && t.rank() == 2
                        ? Optional.of(layout.quantize(arena, name.replace(".weight", ""), t, codes, random))
                        : Optional.empty());
        PackedCheck.logits(packed(), dense());
        try (Model model = ModelLoader.load(packed())) {
            assertTrue(ModelSummary.of(model).dtypes().size() > 1);
        }
    }

    /// Latent attention reads its packed projections head by head.
    @Test
    void latentAttentionInFp8() throws IOException {
        Path source = golden("deepseek_v3");
        PackedModels.write(source, Files.readString(source.resolve("config.json")), HubLayout.FP8, packed(), dense());
        PackedCheck.logits(packed(), dense());
    }

    /// Routed experts alone in four bits, the rest ignored by patterns, all in the text part of a model for images.
    @Test
    void kimiInInt4() throws IOException {
        Path source = golden("kimi_k2");
        String config = Files.readString(source.resolve("config.json"));
        String quantization = HubLayout.INT4.config().replaceFirst("\"ignore\": \\[.*?\\], \"config",
                "\"ignore\": [\"lm_head\", \"re:.*self_attn.*\", \"re:.*shared_experts.*\", "
                + "\"re:.*mlp\\\\\\\\.(gate|up|gate_up|down)_proj.*\"], \"config");
        assertTrue(quantization.contains("shared_experts"), quantization);
        String whole = "{\"model_type\": \"kimi_k25\", \"tie_word_embeddings\": false, \"text_config\": "
                + PackedModels.config(config, quantization) + "}";
        PackedModels.write(source, config, whole, packed(), dense(), (arena, name, t, codes, random) -> {
            if (name.contains(".experts.")) {
                return Optional.of(HubLayout.INT4.quantize(arena, "language_model." + name.replace(".weight", ""), t,
                        codes, random));
            }
            codes.put("language_model." + name, t);
            return Optional.of(t.toArray());
        });
        PackedCheck.logits(packed(), dense());
    }
}

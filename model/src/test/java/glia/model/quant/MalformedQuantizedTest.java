package glia.model.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Malformed quantized checkpoints are refused; the message names the place, what was found and what was expected.
@Timeout(120)
class MalformedQuantizedTest {
    private static final String UP = "model.layers.1.mlp.up_proj";

    @TempDir
    Path folder;

    /// The error message for a change of the quantized checkpoint.
    private String load(HubLayout layout, String quantization, PackedModels.Change change) throws IOException {
        Path packed = folder.resolve("packed");
        Path original = folder.resolve(layout.name());
        if (!Files.exists(original)) {
            Path source = Files.createDirectories(folder.resolve("source"));
            String config = new TinyConfig("llama", 2, 4, 2, 8, 0, 160, 264).json();
            TinyModel.write(source, config, 3);
            PackedModels.write(source, config, layout, packed, folder.resolve("dense"));
            Files.move(packed.resolve("model.safetensors"), original);
        }
        String config = Files.readString(folder.resolve("source/config.json"));
        Files.writeString(packed.resolve("config.json"), PackedModels.config(config, quantization));
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(original); Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : file.names()) {
                tensors.put(name, file.tensor(name));
            }
            change.apply(arena, tensors);
            SafetensorsWriter.write(packed.resolve("model.safetensors"), tensors, Map.of());
        }
        return assertThrows(CheckpointException.class, () -> {
            try (Model model = ModelLoader.load(packed)) {
                fail("it was loaded: " + model.spec().modelType());
            }
        }).getMessage();
    }

    /// A mutable copy.
    private static Tensor copy(Arena arena, Map<String, Tensor> tensors, String name) {
        Tensor t = Tensor.allocate(arena, tensors.get(name).dtype(), tensors.get(name).shape());
        t.copyFrom(tensors.get(name));
        tensors.put(name, t);
        return t;
    }

    private void refused(HubLayout layout, String part, PackedModels.Change change, String... words)
            throws IOException {
        assertContains(load(layout, layout.config(), change), part, words);
    }

    private static void assertContains(String message, String part, String... words) {
        assertTrue(message.contains(part), () -> part + " is not in: " + message);
        for (String word : words) {
            assertTrue(message.contains(word), () -> word + " is not in: " + message);
        }
    }

    /// Each tensor of each layout: missing, or with another type, shape or rank.
    @Test
    void partsThatDoNotFit() throws IOException {
        for (HubLayout layout : HubLayout.values()) {
            for (String part : parts(layout)) {
                if (!part.equals("activation_scale")) {
                    String name = UP + "." + part;
                    if (!part.endsWith("g_idx")) {
                        refused(layout, UP, (arena, t) -> t.remove(name));
                    }
                    refused(layout, UP, (arena, t) -> t.put(name, Tensor.allocate(arena, DType.F64,
                            t.get(name).shape())));
                    refused(layout, UP, (arena, t) -> t.put(name, longer(arena, t.get(name), 0)));
                    refused(layout, UP, (arena, t) -> {
                        Tensor one = t.get(name);
                        t.put(name, Tensor.of(one.dtype(), one.memory(), 1, 1, one.size(), 1));
                    });
                }
            }
        }
    }

    private List<String> parts(HubLayout layout) {
        Map<String, Tensor> parts = new TreeMap<>();
        try (Arena arena = Arena.ofConfined()) {
            layout.quantize(arena, UP, Tensor.allocate(arena, DType.F32, 264, 160), parts, new Random(1));
            return parts.keySet().stream().map(name -> name.substring(UP.length() + 1)).toList();
        }
    }

    private static Tensor longer(Arena arena, Tensor t, int axis) {
        long[] shape = t.rank() == 0 ? new long[] {2} : t.shape();
        shape[axis] = t.rank() == 0 ? 2 : shape[axis] + 1;
        return Tensor.allocate(arena, t.dtype(), shape);
    }

    @Test
    void groupsThatAreNotThere() throws IOException {
        for (int wrong : new int[] {-1, 4, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            refused(HubLayout.GPTQ_ACT_ORDER, UP + ".g_idx", (arena, t) ->
                    Memory.i32(copy(arena, t, UP + ".g_idx").address() + 4 * 7, wrong), "column 7", "" + wrong,
                    "there are 4");
            refused(HubLayout.INT4_ACT_ORDER, UP + ".weight_g_idx", (arena, t) ->
                    Memory.i32(copy(arena, t, UP + ".weight_g_idx").address(), wrong), "column 0", "" + wrong,
                    "there are 3");
        }
    }

    @Test
    void shapesThatAreNotTheCodes() throws IOException {
        for (long[] wrong : new long[][] {{264, 161}, {263, 160}, {264, 0}, {264, -160}, {264, 1L << 32 | 160}}) {
            refused(HubLayout.INT4, UP, (arena, t) -> {
                Tensor shape = copy(arena, t, UP + ".weight_shape");
                for (int i = 0; i < 2; i++) {
                    Memory.i32(shape.address() + 8L * i, (int) wrong[i]);
                    Memory.i32(shape.address() + 8L * i + 4, (int) (wrong[i] >> 32));
                }
            });
        }
    }

    @Test
    void waysThatAreNotSupported() throws IOException {
        for (String method : List.of("quanto", "torchao", "vptq", "higgs", "fbgemm_fp8", "modelopt")) {
            String message = load(HubLayout.FP8, "{\"quant_method\": \"" + method + "\"}", (arena, t) -> { });
            assertContains(message, "quantization_config", method, "not supported", "GGUF");
        }
    }

    @Test
    void settingsThatAreNotSupported() throws IOException {
        String gptq = "\"quant_method\": \"gptq\", \"bits\": ";
        for (String[] wrong : new String[][] {
            {"{" + gptq + "3}", "bits", "found 3", "4 or 8"},
            {"{" + gptq + "4, \"group_size\": 0}", "group_size", "found 0"},
            {"{" + gptq + "4, \"checkpoint_format\": \"marlin\"}", "checkpoint_format", "marlin", "gptq_v2"},
            {"{" + gptq + "4, \"dynamic\": {\"x\": {}}}", "dynamic"},
            {"{\"quant_method\": \"awq\", \"bits\": 8}", "bits", "found 8"},
            {"{\"quant_method\": \"awq\", \"version\": \"gemv\"}", "version", "gemv", "gemm"},
            {"{\"quant_method\": \"fp8\", \"weight_block_size\": [128]}", "weight_block_size"},
            {"{\"quant_method\": \"fp8\", \"weight_block_size\": [0, 1]}", "weight_block_size"},
            {"{\"quant_method\": 3}", "quant_method", "found 3"}, {"{}", "quant_method", "missing"},
        }) {
            assertContains(load(HubLayout.FP8, wrong[0], (arena, t) -> { }), wrong[1],
                    Arrays.copyOfRange(wrong, 1, wrong.length));
        }
    }

    private void compressed(String from, String to, String... words) throws IOException {
        String config = HubLayout.INT4.config();
        assertTrue(config.contains(from), config);
        assertContains(load(HubLayout.INT4, config.replace(from, to), (arena, t) -> { }), words[0], words);
    }

    @Test
    void schemesThatAreNotSupported() throws IOException {
        compressed("pack-quantized", "marlin-24", "weight_packed", "marlin-24", "pack-quantized");
        compressed("\"num_bits\": 4", "\"num_bits\": 3", "weight_packed", "3 bits");
        compressed("\"type\": \"int\"", "\"type\": \"log\"", "type", "log");
        compressed("\"strategy\": \"group\"", "\"strategy\": \"swarm\"", "strategy", "swarm");
        compressed("\"group_size\": 32", "\"group_size\": 0", "group_size", "found 0");
        compressed("[\"Linear\"]", "[\"Conv1d\", \"re:.*mlp.*\"]", "self_attn", "targets");
        compressed("\"lm_head\"", "\"lm_head\", \"re:.*mlp\\\\.up\"", "up_proj.weight_packed", "ignore");
        compressed("\"lm_head\"", "\"re:(\"", "ignore", "no pattern");
        compressed("\"format\"", "\"transform_config\": {\"a\": 1}, \"format\"", "transform_config");
    }

    @Test
    void codesWithoutQuantizationAreNoWeights() throws IOException {
        TinyModel.write(folder, new TinyConfig("llama", 2, 4, 2, 8, 0, 160, 264).json(), 3);
        PackedModels.write(folder, "{\"a\": 1}", HubLayout.GPTQ, folder.resolve("packed"), folder.resolve("dense"));
        Files.copy(folder.resolve("config.json"), folder.resolve("packed/config.json"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        String message = assertThrows(CheckpointException.class,
                () -> ModelLoader.load(folder.resolve("packed")).close()).getMessage();
        assertContains(message, "_proj.weight", "is missing", "_proj.qweight");
        assertEquals(1, message.lines().count());
    }
}

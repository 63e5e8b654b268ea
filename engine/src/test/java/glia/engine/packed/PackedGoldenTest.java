package glia.engine.packed;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.tensor.DType;
import glia.tensor.Memory;
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
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Quantized checkpoints give the values and logits of the Python packages that made them: bitsandbytes 0.50, hqq
/// 0.2.8, aqlm 1.1.7, ExLlamaV3 1.4.1 (its decoding compiled for a processor), and the BitNet layers of Transformers
/// 5.24, whose activations are rounded too. 4-bit values are those of bitsandbytes' code in Python: its machine code
/// for processors takes wrong scales where rows are not whole blocks.
@Timeout(120)
class PackedGoldenTest {
    @TempDir
    Path folder;

    private static Path golden() throws URISyntaxException {
        return Path.of(PackedGoldenTest.class.getResource("/golden-packed").toURI());
    }

    static List<String> cases() throws IOException, URISyntaxException {
        try (Stream<Path> paths = Files.list(golden())) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void valuesAndLogits(String name) throws IOException, URISyntaxException {
        Path path = golden().resolve(name);
        try (SafetensorsCheckpoint expected = SafetensorsCheckpoint.open(path.resolve("expected.safetensors"));
                Model model = ModelLoader.load(path); Arena arena = Arena.ofConfined()) {
            for (String tensor : expected.names()) {
                if (tensor.endsWith(".weight")) {
                    Weight w = new Weight.Quantized(model.tensors().packed(tensor).orElseThrow().matrix());
                    PackedCheck.assertClose(expected.tensor(tensor).toArray(), w.toF32(arena).toArray(), 2e-7, tensor);
                }
            }
            Tensor stored = expected.tensor("ids");
            int[] ids = new int[(int) stored.size()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = Memory.i32(stored.address() + 8L * i);
            }
            float[] logits = expected.tensor("logits").toArray();
            for (String kernels : KernelNames.here()) {
                PackedCheck.assertClose(logits, logits(model, kernels, Precision.EXACT, ids), 3e-5, kernels);
                PackedCheck.assertClose(logits, logits(model, kernels, Precision.FAST, ids), 0.2, kernels + ", fast");
            }
        }
    }

    private static float[] logits(Model model, String kernels, Precision precision, int[] ids) {
        try (Workers workers = new Workers(2); Engine engine = new Engine(model,
                KernelBackends.choose(kernels, workers).kernels(), precision, 1 << 24);
                Sequence sequence = engine.open()) {
            engine.add(sequence, ids, 0, ids.length, Outputs.ALL);
            return engine.run().toArray();
        }
    }

    private interface Change {
        void apply(Map<String, Tensor> tensors, Arena arena) throws CheckpointException;
    }

    private void refused(String name, Change change, String... words) throws IOException, URISyntaxException {
        Path path = golden().resolve(name);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(path.resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            for (String tensor : file.names()) {
                tensors.put(tensor, file.tensor(tensor));
            }
            change.apply(tensors, arena);
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        Files.writeString(folder.resolve("config.json"), Files.readString(path.resolve("config.json")));
        String message = assertThrows(CheckpointException.class,
                () -> ModelLoader.load(folder).close(), () -> name + ": it was loaded").getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), () -> word + " is not in: " + message);
        }
        Files.delete(folder.resolve("model.safetensors"));
    }

    /// Each tensor of a matrix: missing, or one element longer.
    @Test
    void partsThatDoNotFit() throws IOException, URISyntaxException {
        String up = "model.layers.0.mlp.up_proj.";
        for (String name : cases()) {
            List<String> parts;
            try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(golden().resolve(name)
                    .resolve("model.safetensors"))) {
                parts = file.names().stream().filter(tensor -> tensor.startsWith(up)).toList();
            }
            assertTrue(!parts.isEmpty() || name.equals("bnb_gpt2") || name.equals("bnb_experts"), name);
            for (String part : parts) {
                String key = part.substring(up.length());
                if (List.of("weight", "weight.absmax", "SCB", "W_q", "scale", "zero", "packing", "shape", "axis",
                        "codes", "codebooks", "scales", "weight_scale", "weight.quant_map",
                        "trellis", "suh", "svh").contains(key)
                        || key.contains("quant_state") || key.contains("nested")) {
                    refused(name, (tensors, arena) -> tensors.remove(part), "up_proj");
                    refused(name, (tensors, arena) -> {
                        Tensor t = tensors.get(part);
                        tensors.put(part, Tensor.allocate(arena, t.dtype(), t.size() + 1));
                    }, "");
                }
            }
        }
    }

    private static Change text(String part, String from, String to) {
        return (tensors, arena) -> {
            Tensor t = tensors.get(part);
            var text = new StringBuilder();
            for (long i = 0; i < t.size(); i++) {
                text.append((char) Memory.u8(t.address() + i));
            }
            assertTrue(text.indexOf(from) >= 0, () -> from + " is not in " + text);
            String changed = text.toString().replace(from, to);
            Tensor other = Tensor.allocate(arena, DType.U8, changed.length());
            for (int i = 0; i < changed.length(); i++) {
                Memory.i8(other.address() + i, changed.charAt(i));
            }
            tensors.put(part, other);
        };
    }

    @Test
    void settingsThatAreNotSupported() throws IOException, URISyntaxException {
        String gate = "model.layers.0.mlp.gate_proj.";
        String state = gate + "weight.quant_state.bitsandbytes__nf4";
        refused("bnb_nf4", text(state, "\"nf4\"", "\"fp8\""), "quant_type", "fp8", "nf4");
        refused("bnb_nf4", text(state, "\"blocksize\": 64", "\"blocksize\": 0"), "blocksize");
        refused("bnb_nf4", text(state, "\"blocksize\": 64", "\"blocksize\": 32"), "absmax", "44");
        refused("bnb_nf4", text(state, "[44, 32]", "[44, 33]"), "weight", "726");
        refused("bnb_nf4", text(state, "\"shape\"", "\"other\""), "shape", "missing");
        refused("bnb_nf4", text(state, "{", "["), "quant_state", "JSON");
        String stack = "model.layers.0.mlp.experts.gate_up_proj";
        refused("bnb_experts", text(stack + ".quant_state.bitsandbytes__nf4", "[4, 24, 32]", "[2, 2, 24, 32]"), "shape",
                "three of a stack");
        refused("bnb_experts", text(stack + ".quant_state.bitsandbytes__nf4", "[4, 24, 32]", "[4, 32, 24]"), stack,
                "[4, 32, 24]");
        refused("bnb_gpt2", text("transformer.h.0.attn.c_attn.weight.quant_state.bitsandbytes__nf4", "[96, 32]",
                "[32, 96]"), "c_attn", "rows");
        refused("hqq_4bit_axis1", (tensors, arena) -> {
            Tensor one = Tensor.allocate(arena, DType.U8, 1);
            Memory.i8(one.address(), 1);
            tensors.put(gate + "quant_scale", one);
        }, "quant_scale", "no form in safetensors");
        refused("hqq_4bit_axis1", text(gate + "packing", "4bit_u8", "5bit_u8"), "packing", "5bit_u8", "4bit_u8");
        refused("bnb_fp4", (tensors, arena) -> {
            Tensor table = Tensor.allocate(arena, DType.F32, 16);
            tensors.put(gate + "weight.quant_map", table);
        }, "quant_map", "value 1 is 0.0", "FP4");
        refused("bnb_int8", (tensors, arena) -> {
            Tensor format = Tensor.allocate(arena, DType.U8, 1);
            Memory.i8(format.address(), 2);
            tensors.put(gate + "weight_format", format);
        }, "weight_format", "found 2", "expected 0");
        refused("bitnet_auto", (tensors, arena) -> tensors.put(gate + "weight_scale",
                Tensor.of(arena, new float[] {0}, 1)), "weight_scale", "found 0.0");
        refused("exl3", (tensors, arena) -> tensors.put("model.layers.0.mlp.up_proj.mul1",
                Tensor.allocate(arena, DType.I32, 1)), "mul1", "found 0", "2212286765");
        refused("exl3", (tensors, arena) -> tensors.put(gate + "trellis",
                Tensor.allocate(arena, DType.I16, 8, 16, 72)), "trellis", "128");
        refused("aqlm_1x9", (tensors, arena) -> tensors.put(gate + "codebooks",
                Tensor.allocate(arena, DType.F32, 1, 500, 2, 2)), "codebooks", "500", "power of two");
    }
}

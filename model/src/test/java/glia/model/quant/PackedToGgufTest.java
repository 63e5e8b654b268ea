package glia.model.quant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.write.GgufModelWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// GGUF files of quantized checkpoints equal those of the dequantized checkpoints.
class PackedToGgufTest {
    private static final Path GOLDEN = golden();

    @TempDir
    Path folder;

    private static Path golden() {
        try {
            return Path.of(PackedToGgufTest.class.getResource("/golden").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path write(Path model, String name, Optional<DType> type) throws CheckpointException {
        Path file = folder.resolve(name + ".gguf");
        try (Model loaded = ModelLoader.load(model)) {
            GgufModelWriter.write(loaded, file, type);
        }
        return file;
    }

    private void assertSame(Optional<DType> type) throws CheckpointException {
        try (GgufCheckpoint wanted = GgufCheckpoint.open(write(folder.resolve("dense"), "a", type));
                GgufCheckpoint found = GgufCheckpoint.open(write(folder.resolve("packed"), "b", type));
                Arena arena = Arena.ofConfined()) {
            assertEquals(wanted.names(), found.names());
            for (String name : wanted.names()) {
                Tensor a = wanted.tensor(name);
                Tensor b = found.tensor(name);
                if (type.isPresent()) {
                    assertEquals(a.dtype(), b.dtype(), name);
                }
                assertArrayEquals(Decode.widen(a, arena).toArray(), Decode.widen(b, arena).toArray(), name);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void tensorsAreThoseOfTheNumbers(HubLayout layout) throws IOException {
        Path source = Files.createDirectories(folder.resolve("source"));
        String config = new TinyConfig("llama", 2, 4, 2, 8, 0, 160, 264).json();
        TinyModel.write(source, config, 3);
        PackedModels.write(source, config, layout, folder.resolve("packed"), folder.resolve("dense"));
        assertSame(Optional.empty());
        for (DType type : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            assertSame(Optional.of(type));
        }
    }

    /// 4-bit and 8-bit codes with a scale per 32 weights become blocks of the same number of bits.
    @ParameterizedTest
    @EnumSource(names = {"INT4", "MXFP4"})
    void blocksThatHoldTheSameNumbersAreKept(HubLayout layout) throws IOException {
        Path source = Files.createDirectories(folder.resolve("source"));
        String config = new TinyConfig("llama", 2, 4, 2, 16, 0, 160, 264).json();
        TinyModel.write(source, config, 3);
        PackedModels.write(source, config, layout, folder.resolve("packed"), folder.resolve("dense"));
        try (GgufCheckpoint file = GgufCheckpoint.open(write(folder.resolve("packed"), "b", Optional.empty()))) {
            DType wanted = layout == HubLayout.INT4 ? DType.Q4_0 : DType.MXFP4;
            assertEquals(wanted, file.tensor("blk.0.attn_q.weight").dtype());
            assertEquals(wanted, file.tensor("blk.1.attn_v.weight").dtype());
            assertEquals(DType.F32, file.tensor("blk.1.attn_k.weight").dtype());
        }
        assertSame(Optional.empty());
    }

    /// Latent expansions, quantized as one matrix, are two tensors in GGUF.
    @ParameterizedTest
    @EnumSource(names = {"FP8", "INT4"})
    void latentAttentionAndExperts(HubLayout layout) throws IOException {
        Path source = GOLDEN.resolve("deepseek_v3");
        PackedModels.write(source, Files.readString(source.resolve("config.json")), layout, folder.resolve("packed"),
                folder.resolve("dense"));
        assertSame(Optional.empty());
    }

    /// The largest F16 value is 65504; values from 65520 on would become infinite.
    @ParameterizedTest
    @CsvSource({"65519, F16, 65504", "-1e6, BF16, -999424", "-1e6, Q8_0, -1000252", "1e6, F32, 1e6"})
    void largeNumbersAreRounded(float number, DType type, float wanted) throws IOException {
        writeWith(number);
        try (GgufCheckpoint file = GgufCheckpoint.open(write(folder.resolve("packed"), "b", Optional.of(type)));
                Arena arena = Arena.ofConfined()) {
            assertEquals(wanted, Decode.widen(file.tensor("blk.1.ffn_up.weight"), arena).get(7), 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"65520, F16", "-1e6, F16", "1e8, Q8_0"})
    void numbersBeyondATypeAreRefused(float number, DType type) throws IOException {
        writeWith(number);
        String words = assertThrows(CheckpointException.class,
                () -> write(folder.resolve("packed"), "b", Optional.of(type))).getMessage();
        assertTrue(words.contains("tensor blk.1.ffn_up.weight holds " + number + " (number 7), which is beyond " + type)
                && words.contains("take bf16 or f32"), words);
        assertFalse(Files.exists(folder.resolve("b.gguf")));
        write(folder.resolve("packed"), "c", Optional.empty());
        words = assertThrows(CheckpointException.class,
                () -> write(folder.resolve("c.gguf"), "b", Optional.of(type))).getMessage();
        assertTrue(words.contains("tensor blk.1.ffn_up.weight holds " + number), words);
    }

    private void writeWith(float number) throws IOException {
        Path source = Files.createDirectories(folder.resolve("source"));
        String config = new TinyConfig("llama", 2, 4, 2, 8, 0, 160, 264).json();
        TinyModel.write(source, config, 3);
        try (SafetensorsCheckpoint from = SafetensorsCheckpoint.open(source.resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : from.names()) {
                Tensor copy = Decode.widen(from.tensor(name), arena);
                if (name.equals("model.layers.1.mlp.up_proj.weight")) {
                    copy.set(7, number);
                }
                tensors.put(name, copy);
            }
            Path to = Files.createDirectories(folder.resolve("packed"));
            SafetensorsWriter.write(to.resolve("model.safetensors"), tensors, Map.of());
            Files.writeString(to.resolve("config.json"), config);
        }
    }
}

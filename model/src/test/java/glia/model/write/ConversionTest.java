package glia.model.write;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Conversion of number formats, output paths, and the files that accompany weights.
class ConversionTest {
    @TempDir
    Path folder;

    private static Path golden(String name) {
        try {
            return Path.of(ConversionTest.class.getResource("/golden/" + name + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path gguf(Path from, Path file, DType type, IfExists ifExists) throws CheckpointException {
        try (Model model = ModelLoader.load(from)) {
            GgufModelWriter.write(model, model.weights(), file, Optional.ofNullable(type), Progress.NONE, ifExists);
        }
        return file;
    }

    private static void hub(Path from, Path to, DType type, IfExists ifExists) throws CheckpointException {
        try (Model model = ModelLoader.load(from)) {
            ModelWriter.write(model, model.weights(), to, Optional.ofNullable(type), ifExists);
        }
    }

    private static float[] floats(Tensor t) {
        float[] values = new float[(int) t.size()];
        Decode.toFloats(t, 0, values, 0, values.length);
        return values;
    }

    @ParameterizedTest
    @CsvSource({"Q8_0, F16, 1", "Q8_0, BF16, 32", "Q8_0, F32, 0", "Q8_0, Q4_0, 2", "Q4_0, F16, 1", "MXFP4, Q8_0, 7"})
    void aQuantizedFileGetsTheTypeThatItIsLabeledWith(DType from, DType to, int label) throws CheckpointException {
        Path quantized = gguf(golden("llama"), folder.resolve("quantized.gguf"), from, IfExists.FAIL);
        Path converted = gguf(quantized, folder.resolve("converted.gguf"), to, IfExists.FAIL);
        try (GgufCheckpoint a = GgufCheckpoint.open(quantized); GgufCheckpoint b = GgufCheckpoint.open(converted);
                Arena arena = Arena.ofConfined()) {
            assertEquals(label, b.metadata().integer("general.file_type"));
            int changed = 0;
            for (String name : a.names()) {
                Tensor before = a.tensor(name);
                Tensor after = b.tensor(name);
                if (before.dtype() != DType.F32) {
                    // Rows that do not fill blocks are F16.
                    DType fitting = before.cols() % to.blockElements() == 0 ? to : DType.F16;
                    assertEquals(fitting, after.dtype(), name);
                    assertArrayEquals(floats(Encode.narrow(Decode.widen(before, arena), fitting, arena)),
                            floats(after));
                    changed += before.dtype() == from ? 1 : 0;
                } else {
                    assertEquals(before.dtype(), after.dtype(), name);
                    assertArrayEquals(floats(before), floats(after), name);
                }
            }
            assertTrue(changed > 5);
        }
    }

    @Test
    void aTypeThatTheFormatLacksIsRefused() {
        Path file = folder.resolve("llama.gguf");
        assertTrue(assertThrows(CheckpointException.class, () -> gguf(golden("llama"), file, DType.F8_E4M3,
                IfExists.FAIL)).getMessage().contains("cannot become F8_E4M3"));
        assertFalse(Files.exists(file));
        Path hub = folder.resolve("hub");
        assertTrue(assertThrows(CheckpointException.class, () -> hub(golden("llama"), hub, DType.Q8_0, IfExists.FAIL))
                .getMessage().contains("F32, F16 or BF16, not as Q8_0"));
        assertFalse(Files.exists(hub));
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F16", "BF16"})
    void aFolderGetsAnotherType(DType type) throws CheckpointException {
        Path converted = folder.resolve("converted");
        hub(golden("llama"), converted, type, IfExists.FAIL);
        try (Model before = ModelLoader.load(golden("llama")); Model after = ModelLoader.load(converted)) {
            assertEquals(before.spec(), after.spec());
            Config config = Config.read(converted.resolve("config.json"));
            assertEquals(type == DType.F16 ? "float16" : "bfloat16",
                    config.text(config.has("torch_dtype") ? "torch_dtype" : "dtype"));
            String name = after.storedName(Parameter.of(Role.EMBEDDING));
            assertEquals(type, after.tensors().tensor(name).dtype());
            try (Arena arena = Arena.ofConfined()) {
                assertArrayEquals(floats(Encode.narrow(before.tensors().tensor(name), type, arena)),
                        floats(after.tensors().tensor(name)));
            }
        }
    }

    @Test
    void nothingIsReplacedUnasked() throws IOException {
        Path file = gguf(golden("llama"), folder.resolve("llama.gguf"), null, IfExists.FAIL);
        assertThrows(CheckpointException.class, () -> gguf(golden("qwen2"), file, null, IfExists.FAIL));
        assertEquals("llama", architecture(file));
        gguf(golden("qwen2"), file, null, IfExists.REPLACE);
        assertEquals("qwen2", architecture(file));
        Path hub = folder.resolve("hub");
        hub(golden("llama"), hub, null, IfExists.FAIL);
        assertThrows(CheckpointException.class, () -> hub(golden("qwen2"), hub, null, IfExists.FAIL));
        assertEquals("llama", Config.read(hub.resolve("config.json")).text("model_type"));
        hub(golden("qwen2"), hub, null, IfExists.REPLACE);
        assertEquals("qwen2", Config.read(hub.resolve("config.json")).text("model_type"));
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.writeString(other.resolve("letter.txt"), "dear");
        assertThrows(CheckpointException.class, () -> hub(golden("qwen2"), other, null, IfExists.REPLACE));
        assertEquals("dear", Files.readString(other.resolve("letter.txt")));
        try (var files = Files.list(folder)) {
            assertEquals(3, files.count());
        }
    }

    private static String architecture(Path file) throws CheckpointException {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            return checkpoint.metadata().string("general.architecture");
        }
    }

    @Test
    void aModelIsNeverWrittenOverItself() throws IOException {
        Path file = gguf(golden("llama"), folder.resolve("llama.gguf"), null, IfExists.FAIL);
        Path link = Files.createSymbolicLink(folder.resolve("link.gguf"), file);
        for (Path same : new Path[] {file, link, folder.resolve(".").resolve("llama.gguf")}) {
            assertTrue(assertThrows(CheckpointException.class, () -> gguf(file, same, DType.F16, IfExists.REPLACE))
                    .getMessage().contains("holds the model that is read"), same.toString());
        }
        Path hub = folder.resolve("hub");
        hub(file, hub, null, IfExists.FAIL);
        assertThrows(CheckpointException.class, () -> hub(hub, hub, DType.F16, IfExists.REPLACE));
        assertThrows(CheckpointException.class, () -> hub(hub, folder, DType.F16, IfExists.REPLACE));
        assertThrows(CheckpointException.class, () -> gguf(hub, hub.resolve("model.safetensors"), null,
                IfExists.REPLACE));
    }

    @Test
    void samplingSettingsGoThereAndBack() throws IOException {
        Path from = Files.createDirectory(folder.resolve("from"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(golden("llama").resolve(name), from.resolve(name));
        }
        Files.writeString(from.resolve("generation_config.json"),
                "{\"do_sample\": true, \"temperature\": 0.6, \"top_p\": 0.9, \"repetition_penalty\": 1.1}");
        Path file = gguf(from, folder.resolve("llama.gguf"), null, IfExists.FAIL);
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            assertEquals(0.6f, checkpoint.metadata().real("general.sampling.temp"));
            assertEquals(50, checkpoint.metadata().integer("general.sampling.top_k"));
            assertEquals(1.1f, checkpoint.metadata().real("general.sampling.penalty_repeat"));
        }
        Path back = folder.resolve("back");
        hub(file, back, null, IfExists.FAIL);
        Config config = Config.read(back.resolve("generation_config.json"));
        for (Map.Entry<String, Double> setting : Map.of("temperature", 0.6, "top_p", 0.9, "repetition_penalty", 1.1,
                "min_p", 0.0).entrySet()) {
            assertEquals(setting.getValue(), config.real(setting.getKey()), setting.getKey());
        }
        assertEquals(50, config.integer("top_k"));
        assertTrue(config.flag("do_sample"));
    }
}

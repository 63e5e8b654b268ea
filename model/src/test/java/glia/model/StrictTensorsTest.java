package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Tensors that do not fit the config: missing, unexpected, or of another shape or type. The message names the tensor.
@Timeout(120)
class StrictTensorsTest {
    @TempDir
    Path folder;

    private interface Change {
        void apply(Map<String, Tensor> tensors, String name, Tensor tensor);
    }

    /// Loads the checkpoint with a change of each tensor; every load must fail and name the tensor.
    private void refusedForEachTensor(String family, Change change) throws IOException {
        TinyModel.write(folder, new TinyConfig(family, 2, 2, 1, 4, 5).json(), 3);
        Path file = folder.resolve("model.safetensors");
        Path original = Files.move(file, folder.resolve("original"));
        try (SafetensorsCheckpoint sound = SafetensorsCheckpoint.open(original)) {
            for (String name : sound.names()) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                for (String each : sound.names()) {
                    tensors.put(each, sound.tensor(each));
                }
                change.apply(tensors, name, sound.tensor(name));
                SafetensorsWriter.write(file, tensors, Map.of());
                CheckpointException e =
                        assertThrows(CheckpointException.class, () -> ModelLoader.load(folder).close(), name);
                assertTrue(e.getMessage().contains(name), () -> name + " is not in: " + e.getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "gpt2", "qwen2", "qwen3"})
    void aTensorIsMissing(String family) throws IOException {
        refusedForEachTensor(family, (tensors, name, tensor) -> tensors.remove(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2"})
    void aTensorIsLeftOver(String family) throws IOException {
        refusedForEachTensor(family, (tensors, name, tensor) -> tensors.put("also." + name, tensor));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "gpt2", "qwen2"})
    void aTensorHasAnotherShape(String family) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            for (int axis = 0; axis < 2; axis++) {
                for (int more : new int[] {-1, 1}) {
                    int changed = axis;
                    refusedForEachTensor(family, (tensors, name, tensor) -> {
                        long[] shape = tensor.shape();
                        shape[Math.min(changed, shape.length - 1)] += more;
                        tensors.put(name, Tensor.allocate(arena, tensor.dtype(), shape));
                    });
                    Files.delete(folder.resolve("original"));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2"})
    void aTensorHasAnotherRank(String family) throws IOException {
        refusedForEachTensor(family, (tensors, name, tensor) -> tensors.put(name, tensor.reshape(1, tensor.size(), 1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2"})
    void aTensorHoldsWholeNumbers(String family) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            refusedForEachTensor(family, (tensors, name, tensor) ->
                    tensors.put(name, Tensor.allocate(arena, DType.I32, tensor.shape())));
        }
    }

    private static Path gguf(String name) throws URISyntaxException {
        return Path.of(StrictTensorsTest.class.getResource("/gguf/" + name + "-f32.gguf").toURI());
    }

    /// Metadata with a quarter of the hostile values for each key: refused, or the model runs.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "gpt2", "qwen3"})
    void ggufMetadataIsRefusedOrRuns(String name) throws IOException, URISyntaxException {
        List<Object> values = List.of(0, -1, 1, 3, 8, Integer.MAX_VALUE, 1L << 40, Long.MIN_VALUE, 0f, -1f, Float.NaN,
                1e30f, "x", true, new int[] {1, 2}, new String[] {"a"});
        Path changed = folder.resolve("changed.gguf");
        int first = name.length();
        try (GgufCheckpoint file = GgufCheckpoint.open(gguf(name))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String each : file.names()) {
                tensors.put(each, file.tensor(each));
            }
            for (String key : file.metadata().keys()) {
                if (key.startsWith("tokenizer.") || key.equals("general.name")) {
                    continue;
                }
                first++;
                for (int i = first % 4; i < values.size(); i += 4) {
                    Object value = values.get(i);
                    Map<String, Object> metadata = new LinkedHashMap<>();
                    for (String each : file.metadata().keys()) {
                        metadata.put(each, each.equals(key) ? value : file.metadata().value(each));
                    }
                    GgufWriter.write(changed, GgufMetadata.of(changed, metadata), tensors);
                    check(changed, key + " = " + value);
                }
            }
        }
    }

    private static void check(Path file, String what) {
        try (Model model = ModelLoader.load(file); Workers workers = new Workers(1);
                Compute ops = new Compute(new ScalarKernels(workers), Precision.EXACT)) {
            Pass pass = new Pass().add(new int[] {1, 2, 3}, 0, 3, 0, Pass.Outputs.ALL);
            assertEquals(3L * model.spec().vocabSize(), model.decoder().forward(ops, pass, States.NONE).size());
        } catch (CheckpointException e) {
            assertTrue(e.getMessage().length() > 20, e::getMessage);
        } catch (Throwable e) {
            fail("with " + what, e);
        }
    }

    @Test
    void ggufTensorsAreRefusedByName() throws IOException, URISyntaxException {
        Path changed = folder.resolve("changed.gguf");
        try (GgufCheckpoint file = GgufCheckpoint.open(gguf("llama"))) {
            for (String missing : file.names()) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                for (String each : file.names()) {
                    tensors.put(each.equals(missing) ? "also." + each : each, file.tensor(each));
                }
                GgufWriter.write(changed, file.metadata(), tensors);
                CheckpointException e =
                        assertThrows(CheckpointException.class, () -> ModelLoader.load(changed).close());
                assertTrue(e.getMessage().contains(missing), e::getMessage);
            }
        }
    }
}

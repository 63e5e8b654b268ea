package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.state.Sequence;
import glia.io.Checkpoint;
import glia.io.load.Checkpoints;
import glia.io.safetensors.SafetensorsWriter;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model's first layers against its checkpoint with a smaller `num_hidden_layers`.
class FirstLayersTest {
    private static final int[] IDS = {5, 9, 2, 14, 3};

    private static Path folder(String family) throws Exception {
        return Path.of(FirstLayersTest.class.getResource("/golden/" + family + "/config.json").toURI()).getParent();
    }

    private static float[] logits(Engine engine) {
        try (Sequence sequence = engine.open()) {
            engine.add(sequence, IDS, 0, IDS.length, Outputs.LAST);
            Tensor logits = engine.run();
            return logits.toArray();
        }
    }

    /// Writes the tensors outside of layers and those of the first layers.
    private static void writeFirst(Path whole, int count, Path file) throws Exception {
        Pattern layer = Pattern.compile("(?:^|\\.)(?:layers|h)\\.(\\d+)\\.");
        try (Checkpoint checkpoint = Checkpoints.open(whole)) {
            Map<String, Tensor> first = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                Matcher m = layer.matcher(name);
                if (!m.find() || Integer.parseInt(m.group(1)) < count) {
                    first.put(name, checkpoint.tensor(name));
                }
            }
            SafetensorsWriter.write(file, first, Map.of());
        }
    }

    @ParameterizedTest
    @CsvSource({"llama, 1", "llama, 3", "mixtral, 2", "qwen3_moe, 1", "gpt2, 1"})
    void equalACheckpointWithFewerLayers(String family, int count, @TempDir Path dir) throws Exception {
        Path whole = folder(family);
        String config = Files.readString(whole.resolve("config.json"));
        String fewer = config.replaceAll("(\"(?:num_hidden_layers|n_layer)\"\\s*:\\s*)\\d+", "$1" + count);
        Files.writeString(dir.resolve("config.json"), fewer);
        writeFirst(whole, count, dir.resolve("model.safetensors"));
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(whole);
                Model truncated = ModelLoader.load(dir)) {
            var kernels = KernelBackends.choose("scalar", workers).kernels();
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, 1 << 24);
                    Engine early = engine.ofFirstLayers(count);
                    Engine expected = new Engine(truncated, kernels, Precision.EXACT, 1 << 24)) {
                float[] there = logits(early);
                assertArrayEquals(logits(expected), there);
                assertTrue(!Arrays.equals(logits(engine), there), "the other layers change nothing");
            }
        }
    }

    /// The first layers continue a text that all layers have read.
    @ParameterizedTest
    @CsvSource({"llama, 1", "qwen3_moe, 1", "gemma3_text, 2", "deepseek_v3, 2"})
    void continueTheSequencesOfTheWholeModel(String family, int count) throws Exception {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(folder(family))) {
            var kernels = KernelBackends.choose("scalar", workers).kernels();
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, 1 << 24);
                    Engine early = engine.ofFirstLayers(count); Sequence whole = engine.open();
                    Sequence first = early.open()) {
                int last = IDS.length - 1;
                early.add(first, IDS, 0, last, Outputs.NONE);
                early.run();
                early.add(first, IDS, last, IDS.length, Outputs.LAST);
                float[] expected = early.run().toArray();
                engine.add(whole, IDS, 0, last, Outputs.NONE);
                engine.run();
                whole.provisional(1);
                early.add(whole, IDS, last, IDS.length, Outputs.LAST);
                assertArrayEquals(expected, early.run().toArray());
                assertTrue(whole.truncate(last));
                engine.add(whole, IDS, last, IDS.length, Outputs.LAST);
                float[] after = engine.run().toArray();
                try (Sequence other = engine.open()) {
                    engine.add(other, IDS, 0, last, Outputs.NONE);
                    engine.run();
                    engine.add(other, IDS, last, IDS.length, Outputs.LAST);
                    assertArrayEquals(engine.run().toArray(), after);
                }
            }
        }
    }

    @Test
    void numbersOfLayersAreChecked() throws Exception {
        try (Model model = ModelLoader.load(folder("llama"))) {
            for (int count : new int[] {-1, 0, 4, 5}) {
                var e = assertThrows(IllegalArgumentException.class, () -> model.firstLayers(count));
                assertTrue(e.getMessage().contains("expected 1 to 3"), e.getMessage());
            }
        }
        try (Model model = ModelLoader.load(folder("t5"))) {
            assertThrows(IllegalArgumentException.class, () -> model.firstLayers(1));
        }
    }
}

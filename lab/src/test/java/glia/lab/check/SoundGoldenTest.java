package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Embedding;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Models that read sounds, against the reference: every way of feeding the text, saving, and a sequence that keeps its
/// source while its text starts again.
class SoundGoldenTest {
    @TempDir
    Path temporary;

    private static Path folder(String name) {
        try {
            return Path.of(SoundGoldenTest.class.getResource("/golden-sound/" + name + "/config.json").toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(Path folder, Path expected, String kernels) throws CheckpointException {
        List<CheckLine> lines = new ArrayList<>();
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder); Engine engine = new Engine(model,
                KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT, 1 << 30)) {
            ModelCheck.run(expected, engine, lines::add);
        }
        assertTrue(lines.size() >= 1, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }

    @ParameterizedTest
    @CsvSource({"whisper,scalar", "whisper,best", "moonshine,scalar", "moonshine,best", "wav2vec2,scalar",
            "wav2vec2,best", "parakeet_ctc,scalar", "parakeet_ctc,best"})
    void agreesWithTheReference(String name, String kernels) throws CheckpointException {
        check(folder(name), folder(name), kernels);
    }

    @ParameterizedTest
    @ValueSource(strings = {"whisper", "moonshine", "wav2vec2", "parakeet_ctc"})
    void savingChangesNothing(String name) throws IOException {
        Path saved = temporary.resolve("saved");
        try (Model model = ModelLoader.load(folder(name), p -> true)) {
            ModelWriter.write(model, saved);
        }
        try (SafetensorsCheckpoint before = SafetensorsCheckpoint.open(folder(name).resolve("model.safetensors"));
                SafetensorsCheckpoint after = SafetensorsCheckpoint.open(saved.resolve("model.safetensors"))) {
            assertEquals(before.names(), after.names());
            for (String tensor : before.names()) {
                if (tensor.endsWith(".num_batches_tracked")) {
                    continue;
                }
                assertArrayEquals(before.tensor(tensor).shape(), after.tensor(tensor).shape(), tensor);
                assertArrayEquals(before.tensor(tensor).toArray(), after.tensor(tensor).toArray(), tensor);
            }
        }
        check(saved, folder(name), "scalar");
    }

    @Test
    void aSequenceKeepsItsSourceWhenItsTextStartsAgain() throws CheckpointException {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(folder("whisper"));
                Engine engine = new Engine(model, KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT,
                        1 << 28); Sequence sequence = engine.open()) {
            Embedding.Features features = model.spec().encoder().orElseThrow().embedding().orElseThrow().features()
                    .orElseThrow();
            Tensor mel = Tensor.allocate(Arena.ofAuto(), DType.F32, 20, features.size());
            for (int i = 0; i < mel.size(); i++) {
                mel.set(i, i % 13 * 0.1f);
            }
            int[] ids = {1, 5, 9};
            List<Integer> watched = new ArrayList<>();
            engine.pass().watch((place, queries, keys) -> watched.add(keys.rows()));
            engine.add(sequence, Input.of(features, mel), ids, 0, 3, Outputs.ALL);
            float[] first = engine.run().toArray();
            sequence.restart();
            engine.add(sequence, Input.of(), ids, 0, 3, Outputs.ALL);
            assertArrayEquals(first, engine.run().toArray());
            engine.pass().watch(null);
            assertEquals(List.of(10, 0), watched, "keys are computed once");
            Throwable thrown = assertThrows(IllegalArgumentException.class, () -> {
                try (Sequence other = engine.open()) {
                    engine.add(other, Input.of(ids), ids, 0, 3, Outputs.ALL);
                    engine.run();
                }
            });
            assertTrue(thrown.getMessage().contains("reads features"), thrown::getMessage);
            assertThrows(IllegalArgumentException.class, () -> Input.of(features, mel.rows(0, 0)));
        }
    }
}

package glia.engine.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.DraftedText;
import glia.engine.Engine;
import glia.engine.KernelNames;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.block.States;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.choice.KernelSets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers that draft: what they say, against float64 (`draft_golden.py`), and the text that comes about with them.
class DraftTest {
    private static final double TOLERANCE = 1e-4;

    private static Path folder() {
        try {
            return Path.of(DraftTest.class.getResource("/drafts/deepseek_v3/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> kernels() {
        return KernelNames.here().stream();
    }

    private interface Trial {
        void run(Model model, Engine engine) throws CheckpointException;
    }

    private static void with(Path folder, String kernels, Trial trial) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, KernelSets.choose(kernels, workers).kernels(), Precision.EXACT,
                        1 << 28)) {
            trial.run(model, engine);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void foreseesWhatTheFormulaSays(String kernels) throws CheckpointException {
        with(folder(), kernels, (model, engine) -> {
            try (Expected expected = new Expected(folder().resolve("expected.safetensors"))) {
                int[][] ids = expected.ids("input_ids");
                int count = ids[0].length;
                for (int s = 0; s < ids.length; s++) {
                    engine.ops().release(0);
                    Pass pass = new Pass().add(ids[s], 0, count, 0, Outputs.ALL);
                    Tensor hidden = model.decoder().hidden(engine.ops(), pass, States.NONE);
                    Tensor logits = model.decoder().logits(engine.ops(), hidden, pass, States.NONE);
                    close(expected.reals("logits"), s * count, logits);
                    Pass following = new Pass().add(ids[s], 1, count, 0, Outputs.ALL);
                    Tensor draft = model.decoder().draft(0, engine.ops(), hidden.rows(0, count - 1), following,
                            States.NONE);
                    close(expected.reals("draft_logits"), s * (count - 1),
                            model.decoder().logits(engine.ops(), draft, following, States.NONE));
                }
            }
        });
    }

    private static void close(Tensor expected, int fromRow, Tensor found) {
        for (long i = 0; i < found.size(); i++) {
            assertEquals(expected.get((long) fromRow * expected.cols() + i), found.get(i), TOLERANCE, "number " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void theTextIsTheSameWithAndWithoutDrafts(String kernels) throws CheckpointException {
        with(folder(), kernels, (model, engine) -> {
            for (int length : new int[] {1, 2, 9}) {
                int[] prompt = Arrays.copyOf(new int[] {5, 17, 3, 40, 8, 8, 22, 61, 1}, length);
                compare(engine, prompt, 60);
                assertEquals(0, engine.stateBytes());
            }
        });
    }

    private static DraftedText.Result compare(Engine engine, int[] prompt, int count) {
        int[] plain = Greedy.continueFrom(engine, prompt, count, id -> false);
        try (DraftedText drafted = new DraftedText(engine)) {
            DraftedText.Result result = drafted.continueFrom(prompt, count, id -> false);
            assertArrayEquals(plain, result.tokens().stream().mapToInt(i -> i).toArray());
            assertTrue(result.numAccepted() <= result.numDrafted());
            // Of each pass came a token, and one more where its guess was right; one token came from the prompt.
            assertTrue(Math.abs(count - 1 - result.numDrafted() - result.numAccepted()) <= 1, result::toString);
            int end = plain[count / 2];
            int first = Arrays.stream(plain).boxed().toList().indexOf(end);
            assertEquals(result.tokens().subList(0, first + 1),
                    drafted.continueFrom(prompt, count, id -> id == end).tokens());
            return result;
        }
    }

    /// Without attention and MLPs the next token follows from the last alone, and a layer that hands on the embedding
    /// of the following token foresees all.
    @Test
    void everyRightGuessIsAccepted(@TempDir Path temp) throws IOException {
        Files.copy(folder().resolve("config.json"), temp.resolve("config.json"));
        try (SafetensorsCheckpoint stored = SafetensorsCheckpoint.open(folder().resolve("model.safetensors"));
                Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : stored.names()) {
                Tensor t = Tensor.of(arena, stored.tensor(name).toArray(), stored.tensor(name).shape());
                boolean silenced = name.contains("o_proj") || name.contains("down_proj");
                for (long i = 0; silenced && i < t.size(); i++) {
                    t.set(i, 0);
                }
                if (name.endsWith("eh_proj.weight")) {
                    t = Tensor.allocate(arena, DType.F32, t.shape());
                    for (int i = 0; i < t.rows(); i++) {
                        t.set((long) i * t.cols() + i, 1);
                    }
                } else if (name.endsWith("enorm.weight")) {
                    t = ones(arena, t);
                } else if (name.endsWith("shared_head.norm.weight")) {
                    t = stored.tensor("model.norm.weight");
                }
                tensors.put(name, t);
            }
            SafetensorsWriter.write(temp.resolve("model.safetensors"), tensors, Map.of());
        }
        with(temp, "scalar", (model, engine) -> {
            DraftedText.Result result = compare(engine, new int[] {7, 9}, 41);
            assertEquals(20, result.numDrafted());
            assertEquals(20, result.numAccepted());
        });
    }

    private static Tensor ones(Arena arena, Tensor like) {
        Tensor t = Tensor.allocate(arena, DType.F32, like.shape());
        for (long i = 0; i < t.size(); i++) {
            t.set(i, 1);
        }
        return t;
    }

    @Test
    void aModelWithoutDraftsHasNone() throws CheckpointException {
        with(GoldenTest.folder("deepseek_v3"), "scalar", (model, engine) -> {
            assertEquals(List.of(), model.spec().drafts());
            assertThrows(IllegalArgumentException.class, () -> new DraftedText(engine));
        });
    }
}

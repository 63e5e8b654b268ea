package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Texts with drafts beside the same without.
class DraftedStepsTest {
    private static Path folder(String name) {
        try {
            return Path.of(DraftedStepsTest.class.getResource(name + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> kernels() {
        return KernelNames.here().stream();
    }

    private static LoadedModel load(Path folder, String kernels) throws CheckpointException {
        return LoadedModel.load(folder, new LoadOptions(2, 0, kernels, Precision.EXACT, true), Progress.NONE);
    }

    private static List<Integer> text(Steps steps, int[] prompt, int from, SamplingOptions options, int count) {
        Sampler sampler = new Sampler(options, 64);
        List<Integer> tokens = new ArrayList<>();
        Tensor logits = steps.prefill(prompt, from, () -> false);
        while (true) {
            int token = sampler.sample(logits, 0);
            sampler.accept(token);
            tokens.add(token);
            if (tokens.size() == count) {
                return tokens;
            }
            logits = steps.step(token);
            assertEquals(prompt.length + tokens.size(), steps.length());
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void theTextIsTheSameWithAndWithoutDrafts(String kernels) throws CheckpointException {
        try (LoadedModel model = load(folder("/drafts/deepseek_v3"), kernels)) {
            for (SamplingOptions options : List.of(SamplingOptions.greedy(), SamplingOptions.defaults().withSeed(7))) {
                for (int length : new int[] {1, 2, 9}) {
                    int[] prompt = Arrays.copyOf(new int[] {5, 17, 3, 40, 8, 8, 22, 61, 1}, length);
                    assertTrue(compare(model.engine(), prompt, options, 60) < 60);
                }
            }
            assertEquals(0, model.engine().stateBytes());
        }
    }

    /// @return the number of drafts that were right
    private static int compare(Engine engine, int[] prompt, SamplingOptions options, int count) {
        try (Steps plain = new PlainSteps(engine); Steps drafted = new DraftedSteps(engine)) {
            assertEquals(text(plain, prompt, 0, options, count), text(drafted, prompt, 0, options, count));
            // Of each pass came a token, and one more where its guess was right; one token came from the prompt.
            int passes = drafted.numDrafted();
            assertTrue(Math.abs(count - 1 - passes - drafted.numAccepted()) <= 1, passes + " passes");
            return drafted.numAccepted();
        }
    }

    /// After a text, which may end at a guess, prompts that begin as it does.
    @Test
    void whatIsKeptIsWhatWasRead() throws CheckpointException {
        Random random = new Random(4);
        try (LoadedModel model = load(folder("/drafts/deepseek_v3"), "scalar");
                Steps used = new DraftedSteps(model.engine()); Steps plain = new PlainSteps(model.engine())) {
            int[] known = {};
            int numKept = 0;
            for (int i = 0; i < 30; i++) {
                int common = random.nextInt(known.length + 1);
                int[] prompt = Arrays.copyOf(known, common + 1 + random.nextInt(6));
                for (int t = common; t < prompt.length; t++) {
                    prompt[t] = random.nextInt(64);
                }
                int kept = used.keep(common);
                assertTrue(kept <= common && kept >= common - 3, kept + " of " + common);
                numKept += kept;
                SamplingOptions options = SamplingOptions.defaults().withSeed(i);
                List<Integer> tokens = text(used, prompt, kept, options, 1 + random.nextInt(12));
                plain.keep(0);
                assertEquals(text(plain, prompt, 0, options, tokens.size()), tokens);
                try (Steps fresh = new DraftedSteps(model.engine())) {
                    text(fresh, prompt, 0, options, tokens.size());
                    assertEquals(fresh.numAccepted(), used.numAccepted());
                }
                known = Stream.concat(Arrays.stream(prompt).boxed(), tokens.stream().limit(tokens.size() - 1))
                        .mapToInt(id -> id).toArray();
                known = known.length > 180 ? new int[0] : known;
            }
            assertTrue(numKept > 200, numKept + " kept");
        }
    }

    @Test
    void aPromptThatIsCancelledIsKeptUpToThere() throws CheckpointException {
        try (LoadedModel model = load(folder("/drafts/deepseek_v3"), "scalar");
                Steps steps = new DraftedSteps(model.engine())) {
            int[] prompt = new Random(5).ints(2 * Engine.CHUNK_TOKENS, 0, 64).toArray();
            assertEquals(0, steps.prefill(prompt, 0, () -> true).rows());
            assertEquals(Engine.CHUNK_TOKENS, steps.length());
            assertEquals(99, steps.keep(100));
        }
    }

    /// Without attention and MLPs the next token follows from the last alone, and a layer that hands on the embedding
    /// of the following token foresees all.
    @Test
    void everyRightGuessIsAccepted(@TempDir Path temp) throws IOException {
        Path folder = folder("/drafts/deepseek_v3");
        Files.copy(folder.resolve("config.json"), temp.resolve("config.json"));
        try (SafetensorsCheckpoint stored = SafetensorsCheckpoint.open(folder.resolve("model.safetensors"));
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
        try (LoadedModel model = load(temp, "scalar")) {
            assertEquals(20, compare(model.engine(), new int[] {7, 9}, SamplingOptions.greedy(), 41));
        }
    }

    private static Tensor ones(Arena arena, Tensor like) {
        Tensor t = Tensor.allocate(arena, DType.F32, like.shape());
        for (long i = 0; i < t.size(); i++) {
            t.set(i, 1);
        }
        return t;
    }

    @Test
    void aModelWithoutDraftsHasNone() {
        String message = assertThrows(IllegalArgumentException.class,
                () -> load(folder("/golden/deepseek_v3"), "scalar")).getMessage();
        assertTrue(message.contains("no layer beyond its last"), message);
    }
}

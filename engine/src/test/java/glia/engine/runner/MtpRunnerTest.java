package glia.engine.runner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.draft.Drafting;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.pass.Engine;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.schedule.Session;
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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Texts with drafts beside the same without.
class MtpRunnerTest {
    private static Path folder(String name) {
        try {
            return Path.of(MtpRunnerTest.class.getResource(name + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> kernels() {
        return KernelNames.here().stream();
    }

    private static LoadedModel load(Path folder, String kernels) throws CheckpointException {
        return LoadedModel.load(folder, new LoadOptions(2, 0, kernels, Precision.EXACT)
                .withDrafting(Drafting.ofMtp()), Progress.NONE);
    }

    private static Scheduler scheduler(LoadedModel model, boolean drafts) {
        Drafting drafting = drafts ? Drafting.ofMtp().withFixed(1) : Drafting.none();
        return new Scheduler(Runners.of(model.engine(), drafting, Optional.empty()),
                SchedulerOptions.defaults().withDrafting(drafting), 64, model.contextLength());
    }

    private static GenerationRequest.Builder request(int[] prompt, SamplingOptions options, int count) {
        return GenerationRequest.of(prompt).sampling(options).maxTokens(count);
    }

    private static Completion text(Scheduler scheduler, GenerationRequest.Builder request) {
        return scheduler.generate(request.build(), () -> true);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void theTextIsTheSameWithAndWithoutDrafts(String kernels) throws CheckpointException {
        try (LoadedModel model = load(folder("/drafts/deepseek_v3"), kernels)) {
            int numRight = 0;
            for (SamplingOptions options : List.of(SamplingOptions.greedy(), SamplingOptions.defaults().withSeed(7))) {
                for (int length : new int[] {1, 2, 9}) {
                    int[] prompt = Arrays.copyOf(new int[] {5, 17, 3, 40, 8, 8, 22, 61, 1}, length);
                    numRight += compare(model, prompt, options, 60);
                }
            }
            // Of some 350 drafts some are right and most are wrong, so both ways are compared.
            assertTrue(numRight > 0 && numRight < 100, numRight + " drafts were right");
            assertEquals(0, model.engine().stateBytes());
        }
    }

    /// @return the number of drafts that were right
    private static int compare(LoadedModel model, int[] prompt, SamplingOptions options, int count) {
        try (Scheduler plain = scheduler(model, false); Scheduler drafted = scheduler(model, true)) {
            Completion text = text(drafted, request(prompt, options, count));
            assertArrayEquals(text(plain, request(prompt, options, count)).tokens(), text.tokens());
            // Of each pass came a token, and one more where its guess was right; one token came from the prompt.
            int passes = text.draftedTokens();
            assertTrue(Math.abs(count - 1 - passes - text.acceptedTokens()) <= 1, passes + " passes");
            return text.acceptedTokens();
        }
    }

    /// After a text, which may end at a guess, prompts that begin as it does.
    @Test
    void whatIsKeptIsWhatWasRead() throws CheckpointException {
        Random random = new Random(4);
        try (LoadedModel model = load(folder("/drafts/deepseek_v3"), "scalar");
                Scheduler drafted = scheduler(model, true); Scheduler plain = scheduler(model, false);
                Session used = drafted.session()) {
            int[] known = {};
            int numKept = 0;
            for (int i = 0; i < 30; i++) {
                int common = random.nextInt(known.length + 1);
                int[] prompt = Arrays.copyOf(known, common + 1 + random.nextInt(6));
                for (int t = common; t < prompt.length; t++) {
                    prompt[t] = random.nextInt(64);
                }
                int same = Arrays.mismatch(known, prompt);
                SamplingOptions options = SamplingOptions.defaults().withSeed(i);
                int count = 1 + random.nextInt(12);
                Completion text = text(drafted, request(prompt, options, count).session(used));
                int kept = text.reusedTokens();
                assertTrue(kept <= same && kept >= common - 3, kept + " of " + common);
                numKept += kept;
                assertArrayEquals(text(plain, request(prompt, options, count)).tokens(), text.tokens());
                Completion fresh = text(drafted, request(prompt, options, count).cacheKey("fresh " + i));
                assertEquals(fresh.acceptedTokens(), text.acceptedTokens());
                known = IntStream.concat(Arrays.stream(prompt), Arrays.stream(text.tokens())).toArray();
                known = known.length > 180 ? new int[0] : known;
            }
            assertTrue(numKept > 200, numKept + " kept");
        }
    }

    @Test
    void aPromptThatIsCancelledIsKeptUpToThere() throws CheckpointException {
        try (LoadedModel model = load(folder("/drafts/deepseek_v3"), "scalar");
                Scheduler scheduler = new Scheduler(Runners.of(model.engine(), Drafting.ofMtp(), Optional.empty()),
                        SchedulerOptions.defaults(), 64, 2000);
                Session session = scheduler.session()) {
            int[] prompt = new Random(5).ints(2 * Engine.CHUNK_TOKENS, 0, 64).toArray();
            GenerationRequest request = request(prompt, SamplingOptions.greedy(), 1).session(session).build();
            Completion text = scheduler.generate(request, () -> false);
            assertEquals(Finish.CANCELLED, text.finish());
            assertEquals(Engine.CHUNK_TOKENS, session.length());
            Completion again = text(scheduler, request(Arrays.copyOf(prompt, 101), SamplingOptions.greedy(), 1)
                    .session(session));
            assertEquals(99, again.reusedTokens());
        }
    }

    /// Without attention and MLPs the next token follows from the last alone, and a layer that hands on the embedding
    /// of the following token predicts all.
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
            assertEquals(20, compare(model, new int[] {7, 9}, SamplingOptions.greedy(), 41));
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
        assertTrue(message.contains("no multi-token-prediction layer"), message);
    }
}

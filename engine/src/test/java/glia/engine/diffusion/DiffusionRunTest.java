package glia.engine.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.answer.Canvas;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Finish;
import glia.io.Config;
import glia.io.hub.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers of tiny text diffusion models.
class DiffusionRunTest {
    private static final int[] PROMPT = {5, 6, 7, 8, 9};

    private interface Body {
        void run(LoadedModel model, DiffusionRun run);
    }

    private static void with(String family, Body body) throws Exception {
        Path folder = Path.of(DiffusionRunTest.class.getResource("/golden/" + family + "/config.json").toURI())
                .getParent();
        try (LoadedModel model = LoadedModel.load(folder, LoadOptions.defaults(), Progress.NONE);
                LanguageModel words = LanguageModel.load("stories260K")) {
            body.run(model, new DiffusionRun(model.engine(), words.tokenizer(), Config.of(folder, Map.of()), 66,
                    model.contextLength()));
        }
    }

    private static Completion generate(LoadedModel model, DiffusionRun run, Set<Integer> stops, List<Integer> tokens,
            List<Canvas> canvases) {
        DiffusionOptions options = run.options(SamplingOptions.neutral().withTemperature(0.7f), Map.of("steps", 6));
        return run.run(model.scheduler(), "", PROMPT, 12, options, 3, stops, 0, (sample, token, p) -> {
            tokens.add(token);
            return true;
        }, canvases::add, () -> true, Long.MAX_VALUE);
    }

    private static String ofState(Canvas canvas, Canvas.State state) {
        return String.join("", canvas.spans().stream().filter(s -> s.state() == state).map(Canvas.Span::text).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"llada", "dream", "diffusion_gemma"})
    void finalTokensNeverChangeAndEndAsTheAnswer(String family) throws Exception {
        with(family, (model, run) -> {
            List<Integer> tokens = new ArrayList<>();
            List<Canvas> canvases = new ArrayList<>();
            Completion made = generate(model, run, Set.of(), tokens, canvases);
            assertArrayEquals(made.tokens(), tokens.stream().mapToInt(Integer::intValue).toArray());
            assertEquals(12, tokens.size());
            assertEquals(Finish.LENGTH, made.finish());
            assertTrue(tokens.stream().allMatch(token -> token < 66), tokens::toString);
            assertTrue(canvases.size() > 3, "several steps");
            for (int i = 1; i < canvases.size(); i++) {
                assertTrue(ofState(canvases.get(i), Canvas.State.FINAL)
                        .startsWith(ofState(canvases.get(i - 1), Canvas.State.FINAL)), canvases::toString);
            }
            List<Integer> again = new ArrayList<>();
            generate(model, run, Set.of(), again, new ArrayList<>());
            assertEquals(tokens, again, "the same seed");
            int stop = tokens.get(2);
            assertEquals(Finish.STOP, generate(model, run, Set.of(stop), new ArrayList<>(), new ArrayList<>())
                    .finish());
        });
    }

    @Test
    void whatCannotBeAppliedIsRefusedByName() throws Exception {
        with("llada", (model, run) -> {
            SamplingOptions plain = SamplingOptions.neutral();
            refused("min_p", run, plain.withMinP(0.1f), Map.of());
            refused("top_k", run, plain.withTopK(3), Map.of());
            refused("repetition_penalty", run, plain.withRepetitionPenalty(1.2f), Map.of());
            refused("remasking", run, plain, Map.of("remasking", "entropy"));
        });
        with("diffusion_gemma", (model, run) ->
                refused("block_length", run, SamplingOptions.neutral(), Map.of("block_length", 4)));
        with("dream", (model, run) ->
                refused("cfg_scale", run, SamplingOptions.neutral(), Map.of("cfg_scale", 1.5)));
    }

    private static void refused(String name, DiffusionRun run, SamplingOptions sampling, Map<String, Object> others) {
        String message = assertThrows(IllegalArgumentException.class, () -> run.options(sampling, others)).getMessage();
        assertTrue(message.contains(name), message);
    }
}

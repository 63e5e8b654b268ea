package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.TurnSource;
import glia.tensor.kernel.Workers;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tools of recipes: turns, what rewards see, and whole runs.
class RlToolsTest {
    private static final String ASCII = IntStream.range(' ', 127).mapToObj(Character::toString)
            .collect(Collectors.joining());
    private static final String CHAT = "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n"
            + "{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}";

    @TempDir
    private Path folder;

    private Tokenizer tokenizer() throws IOException {
        Path files = Files.createDirectories(folder.resolve("tokenizer"));
        new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.EOS, "<|end|>")).add(ASCII + "\n…").train()
                .write(files);
        return Tokenizer.load(files);
    }

    private static PromptEncoder encoder(Tokenizer tokenizer, Optional<ChatTemplate> template) {
        return PromptEncoder.of(tokenizer, template);
    }

    @Test
    void turnsAreAnsweredAndRewardsSeeTheLast() throws Exception {
        Tokenizer tokenizer = tokenizer();
        ToolTurns tools = new ToolTurns(List.of("calculator"), 2, encoder(tokenizer, Optional.empty()),
                tokenizer);
        String prompt = tokenizer.decode(tools.encoder().encode("6*7?"), false);
        assertTrue(prompt.contains("<calculator>…</calculator> at the end of a turn evaluates arithmetic")
                && prompt.endsWith("\n6*7?"), prompt);
        ProblemSource.PromptProblem problem = new ProblemSource.PromptProblem("6*7?", new int[] {1}, Map.of());
        TurnSource turns = tools.begin(List.of(problem), 2);
        int[] call = tokenizer.encode("so <calculator>6*7</calculator><|end|>", false);
        int[] observation = turns.next(0, call).orElseThrow();
        assertEquals("\n<result>42</result>\n", tokenizer.decode(observation, false));
        int[] answer = tokenizer.encode("42<|end|>", false);
        assertTrue(turns.next(0, joined(call, observation, answer)).isEmpty(), "an answer ends the episode");
        assertEquals(2, ToolTurns.turns(rollout(call, observation, answer)));
        assertEquals("42", tools.answer(rollout(call, observation, answer)));
        // The other rollout calls in its last turn, too.
        int[] again = turns.next(1, call).orElseThrow();
        assertArrayEquals(observation, again);
        assertTrue(turns.next(1, joined(call, again, call)).isEmpty(), "the second turn is the last");
        assertEquals("", tools.answer(rollout(call, again, call)));
        assertEquals("x", tools.answer(rollout(tokenizer.encode("x", false), new int[0], new int[0])));
        assertThrows(IllegalArgumentException.class, () -> new ToolTurns(List.of("shell"), 2,
                encoder(tokenizer, Optional.empty()), tokenizer));
    }

    private static int[] joined(int[]... parts) {
        return IntStream.range(0, parts.length).flatMap(i -> IntStream.of(parts[i])).toArray();
    }

    private static Rollout rollout(int[] first, int[] observed, int[] second) {
        int[] tokens = joined(first, observed, second);
        boolean[] isSampled = new boolean[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            isSampled[i] = i < first.length || i >= first.length + observed.length;
        }
        return new Rollout(new int[] {1}, tokens, new float[tokens.length], isSampled, Rollout.Finish.STOP);
    }

    /// The end of the model's turn is there already, so an observation begins after it.
    @Test
    void observationsAreMessagesOfTheTemplate() throws Exception {
        Tokenizer tokenizer = tokenizer();
        PromptEncoder encoder = encoder(tokenizer, Optional.of(ChatTemplate.parse("chat", CHAT)));
        assertEquals("\n<|start|>user\n<result>1</result><|end|>\n<|start|>assistant\n",
                tokenizer.decode(encoder.continuation("<result>1</result>"), false));
        int end = tokenizer.encode("<|end|>", false)[0];
        assertEquals(1, IntStream.of(encoder.continuation("a <|end|> b")).filter(id -> id == end).count(),
                "markers in observations are plain text");
        PromptEncoder forgetful = encoder(tokenizer, Optional.of(ChatTemplate.parse("chat",
                "{{ messages|length }}" + CHAT)));
        Exception e = assertThrows(IllegalArgumentException.class, () -> forgetful.continuation("x"));
        assertTrue(e.getMessage().contains("cannot continue after a turn"), e.getMessage());
    }

    /// A model with random weights calls now and then, mostly with errors.
    @Test
    void aRunWithToolsMasksObservations() throws Exception {
        Path data = folder.resolve("problems.jsonl");
        String digits = "0123456789";
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append("{\"prompt\": \"").append(digits.charAt(i % 10)).append("=\", \"answer\": \"")
                    .append(digits.charAt(i % 10)).append("\"}\n");
        }
        Files.writeString(data, lines);
        Path texts = folder.resolve("texts.jsonl");
        Files.writeString(texts, "{\"prompt\": \"" + "abcdefghijklmnopqrstuvwxyz<>0123456789=(),:…./*+- \\n" + "\"}\n");
        Recipe recipe = ShippedRecipes.read("rl-demo", List.of("steps=2", "rl.prompts=4", "rl.group=16",
                "problems.files=" + data, "data.train=" + texts, "rl.tools=[calculator]", "rl.turns=3",
                "rl.max_tokens=40", "rl.show_every=1", "rl.show=64", "save.every=0", "evaluate.problems=4",
                "report.html=false", "tokenizer.special_tokens=['<|end|>', '<calculator>', '</calculator>']",
                "model.new={family: llama, hidden: 16, layers: 1, heads: 2, context: 500}"));
        List<ScoredText> shown = new ArrayList<>();
        List<StepFigures> steps = new ArrayList<>();
        try (Workers workers = new Workers(2); RecipeRun run = RecipeRun.prepare(recipe,
                new RunFolder(folder.resolve("run")), KernelBackends.choose("best", workers).kernels(), Path::of,
                Existing.REFUSE)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    steps.add(figures);
                }

                @Override
                public void scored(long step, List<ScoredText> some) {
                    shown.addAll(some);
                }
            });
            run.run(Map.of(), warning -> { });
        }
        assertEquals(2, steps.size());
        assertTrue(steps.stream().allMatch(f -> Double.isFinite(f.loss()) && Double.isFinite(f.gradientNorm())));
        assertTrue(steps.getFirst().parts().get("turns/mean") > 1, steps.toString());
        int observed = 0;
        for (ScoredText text : shown) {
            String masked = IntStream.range(0, text.tokens().size()).filter(i -> Double.isNaN(text.values().get(i)))
                    .mapToObj(i -> text.tokens().get(i)).collect(Collectors.joining());
            observed += masked.isEmpty() ? 0 : 1;
            assertEquals("", masked.replaceAll("\\n?<result>[^<>]*</result>\\n?", ""), "only results are masked");
        }
        assertTrue(observed > 0, "no rollout has an observation");
    }

    @Test
    void turnsNeedTools() {
        Exception e = assertThrows(Exception.class, () -> {
            Recipe recipe = ShippedRecipes.read("rl-demo", List.of("rl.turns=3"));
            try (Workers workers = new Workers(1)) {
                RecipeRun.prepare(recipe, new RunFolder(folder.resolve("run")),
                        KernelBackends.choose("scalar", workers).kernels(), Path::of, Existing.REFUSE).close();
            }
        });
        assertTrue(e.getMessage().contains("rl.tools names no tool"), e.getMessage());
    }
}

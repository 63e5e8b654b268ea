package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.block.Input;
import glia.reason.policy.PolicyMethod;
import glia.reason.reward.Reward;
import glia.reason.reward.Sample;
import glia.reason.run.ProblemSource.TaskProblems;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole runs of `task: rl`.
class RlTaskTest {
    private static Workers workers;
    private static Kernels kernels;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    /// What a run measured.
    private static final class Log implements TrainingListener {
        private final Map<Long, StepFigures> steps = new TreeMap<>();
        private final Map<Long, Map<String, Double>> evaluations = new TreeMap<>();
        private final List<ScoredText> texts = new ArrayList<>();

        @Override
        public void step(StepFigures figures) {
            steps.put(figures.step(), figures);
        }

        @Override
        public void evaluated(long step, Map<String, Double> figures) {
            evaluations.put(step, figures);
        }

        @Override
        public void scored(long step, List<ScoredText> some) {
            texts.addAll(some);
        }

        private double part(long step, String name) {
            return steps.get(step).parts().get(name);
        }

        /// What must be the same after a resumption: all but times.
        private Map<Long, String> repeatable() {
            Map<Long, String> all = new TreeMap<>();
            steps.forEach((step, f) -> {
                Map<String, Double> parts = new TreeMap<>(f.parts());
                parts.remove("rollouts/tokens_per_second");
                all.put(step, f.loss() + " " + f.gradientNorm() + " " + parts);
            });
            return all;
        }
    }

    private Log run(String output, Existing existing, long stopAt, String... overrides) throws IOException {
        Recipe recipe = ShippedRecipes.read("rl-demo", List.of(overrides));
        Log log = new Log();
        try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)), kernels, Path::of,
                existing)) {
            run.listen(log);
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    if (figures.step() == stopAt) {
                        run.stop();
                    }
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return log;
    }

    private static String[] small(String... more) {
        List<String> all = new ArrayList<>(List.of("steps=8", "rl.prompts=4", "rl.group=4", "save.every=0",
                "evaluate.problems=0", "report.html=false"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void severalTaskSetsTakeTurns() throws Exception {
        TaskProblems problems = new TaskProblems(TaskMix.of("countdown:2,quadratic:1, countdown:1", 3), false,
                problem -> Input.of(problem.prompt().length()));
        for (int i = 0; i < 12; i++) {
            String task = i % 3 == 1 ? "quadratic" : "countdown";
            ProblemSource.PromptProblem problem = problems.training(i);
            assertEquals(task, problem.fields().get(TaskMix.TASK));
            assertEquals(problems.tasks().sets().get(i % 3).problem(Split.TRAIN, i / 3).prompt(), problem.text());
            Reward verifier = problems.tasks().verifier();
            String answer = (String) problem.fields().get("answer");
            assertEquals(1, verifier.score(new Sample("", answer, 1, true, problem.fields())).orElseThrow());
            String other = (String) problems.training(i % 3 == 1 ? 0 : 1).fields().get("answer");
            assertEquals(0, verifier.score(new Sample("", other, 1, true, problem.fields())).orElseThrow());
        }
        Log log = run("several", Existing.REFUSE, -1, "problems.task=[countdown:1, quadratic:1]", "rl.rewards=task",
                "problems.files=", "steps=1", "rl.prompts=2", "rl.group=2", "save.every=0", "evaluate.problems=4",
                "report.html=false", "model.new={family: llama, hidden: 16, layers: 1, heads: 2, context: 64}");
        assertEquals(log.part(1, "accuracy/held_out"), (log.part(1, "accuracy/held_out/countdown")
                + log.part(1, "accuracy/held_out/quadratic")) / 2);
    }

    @Test
    void rewardsAloneTeachTheLargestDigit() throws Exception {
        Log log = run("demo", Existing.REFUSE, -1, "steps=60", "rl.prompts=24", "rl.show_every=20", "save.every=0",
                "validate.every=0", "evaluate.problems=100");
        double before = log.part(1, "accuracy/held_out");
        Map<String, Double> after = log.evaluations.get(60L);
        assertTrue(before < 0.2, "before: " + before);
        assertTrue(after.get("accuracy/held_out_low") > 0.6, "after: " + after);
        assertTrue(log.part(60, "reward/mean") > log.part(1, "reward/mean") + 0.3);
        assertTrue(log.part(60, "entropy/mean") < log.part(1, "entropy/mean"));
        assertEquals(24, log.texts.size(), "8 rollouts at 3 steps");
        for (ScoredText text : log.texts) {
            assertEquals(text.tokens().size(), text.values().size());
        }
        assertTrue(log.texts.stream().skip(8).allMatch(t -> t.values().stream().anyMatch(v -> v != 0)),
                "rollouts that were learned from come first");
    }

    /// Batches of rollouts that serve several updates, and rollouts of older weights.
    @ParameterizedTest
    @ValueSource(strings = {"rl.method=dapo", "rl.iterations=2 rl.minibatches=2", "rl.lag=1", "rl.method=ppo",
        "precision=bf16 rl.sampler_correction=token_truncate rl.iterations=2",
        "rl.method=remax rl.resampling=2 rl.iterations=2"})
    void aResumedRunRepeatsTheRewards(String setting) throws Exception {
        String[] overrides = small(setting.split(" "));
        Log whole = run("whole", Existing.REFUSE, -1, overrides);
        Log first = run("parts", Existing.REFUSE, 3, overrides);
        assertTrue(first.steps.size() < 8, "stopped after " + first.steps.keySet());
        Log second = run("parts", Existing.RESUME, -1, overrides);
        Map<Long, String> parts = first.repeatable();
        parts.putAll(second.repeatable());
        assertEquals(whole.repeatable(), parts);
    }

    /// Tokens are counted over resumptions, and words by the recipe's lists.
    @Test
    void tokensAndWordsAreFigures() throws Exception {
        String[] overrides = small("rl.iterations=2", "rl.resampling=1", "rl.verification_words=['3', '7', '*']",
                "rl.backtracking_words=[]");
        Exception e = assertThrows(CheckpointException.class,
                () -> run("wrong", Existing.REFUSE, -1, overrides));
        assertTrue(e.getMessage().contains("rl.verification_words") && e.getMessage().contains("'*'"), e.toString());
        overrides[overrides.length - 2] = "rl.verification_words=['3', '7']";
        Log log = run("run", Existing.REFUSE, 3, overrides);
        log.steps.putAll(run("run", Existing.RESUME, -1, overrides).steps);
        double tokens = 0;
        for (long step = 1; step <= 8; step += 2) {
            Map<String, Double> parts = log.steps.get(step).parts();
            tokens += parts.get("rollouts/tokens");
            assertEquals(tokens, parts.get("rollouts/tokens_total"));
            assertTrue(parts.get("rollouts/tokens") >= 16 * parts.get("response_length/mean"), parts.toString());
            assertTrue(parts.get("words/verification") >= 0 && !parts.containsKey("words/backtracking"));
        }
        assertTrue(log.steps.values().stream().anyMatch(f -> f.parts().getOrDefault("words/verification", 0.0) > 0));
        assertTrue(tokens > 4 * 16);
    }

    /// A run that dies goes on from the last checkpoint.
    @Test
    void aCrashedRunRepeatsTheRewards() throws Exception {
        String[] overrides = small("save.every=2", "rl.iterations=2");
        Log whole = run("whole", Existing.REFUSE, -1, overrides);
        Recipe recipe = ShippedRecipes.read("rl-demo", List.of(overrides));
        RunFolder parts = new RunFolder(folder.resolve("parts"));
        try (RecipeRun run = RecipeRun.prepare(recipe, parts, kernels, Path::of, Existing.REFUSE)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    if (figures.step() == 5) {
                        throw new IllegalStateException("crash");
                    }
                }
            });
            assertThrows(IllegalStateException.class, () -> run.run(Map.of(), warning -> { }));
        }
        Map<Long, String> rest = run("parts", Existing.RESUME, -1, overrides).repeatable();
        assertEquals(List.of(5L, 6L, 7L, 8L), List.copyOf(rest.keySet()));
        rest.forEach((step, figures) -> assertEquals(whole.repeatable().get(step), figures));
    }

    static List<String> methods() {
        List<String> all = new ArrayList<>(PolicyMethod.names());
        all.add("rejection");
        return all;
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodTrains(String method) throws Exception {
        Log log = run("run", Existing.REFUSE, -1, small("steps=4", "rl.method=" + method, "rl.max_tokens=6",
                "rl.rewards=[{name: length, max: 1, margin: 5}, {name: exact_match, weight: 2}]",
                "rl.right_from=-1e9", "rl.minibatches=2", "optimizer.learning_rate=5e-3", "schedule.warmup=0"));
        assertTrue(log.steps.values().stream().anyMatch(f -> f.gradientNorm() > 0), method + ": " + log.steps);
        // The second update of a batch is of rollouts that the policy no longer makes with the same probabilities.
        double moved = log.steps.get(4L).parts().getOrDefault("kl/old_policy", Double.NaN);
        assertTrue(method.equals("rejection") || Math.abs(moved) > 1e-6, method + ": " + log.steps.get(4L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rl.method=ppo rl.kl_placement=loss rl.entropy=0.01", "rl.top_entropy=0.3 rl.entropy=0.01",
        "rl.method=clip_cov", "rl.method=kl_cov rl.iterations=2"})
    void microBatchesDoNotChangeTheUpdate(String keys) throws Exception {
        List<String> settings = new ArrayList<>(List.of(keys.split(" ")));
        settings.addAll(List.of("steps=1", "rl.max_tokens=6", "rl.rewards={name: length, max: 1, margin: 5}"));
        Log one = run("one", Existing.REFUSE, -1, small(settings.toArray(String[]::new)));
        settings.add("rl.batch_tokens=12");
        Log many = run("many", Existing.REFUSE, -1, small(settings.toArray(String[]::new)));
        assertEquals(one.steps.get(1L).loss(), many.steps.get(1L).loss(), 1e-5);
        assertTrue(one.steps.get(1L).gradientNorm() > 1e-3, one.steps.toString());
        assertEquals(one.steps.get(1L).gradientNorm(), many.steps.get(1L).gradientNorm(), 1e-4);
        assertEquals(one.part(1, "entropy/mean"), many.part(1, "entropy/mean"), 1e-5);
    }

    @Test
    void theReferenceModelIsTheModelBeforeTraining() throws Exception {
        Log log = run("run", Existing.REFUSE, -1, small("rl.kl=0.1", "steps=6", "rl.max_tokens=6",
                "optimizer.learning_rate=1e-2", "rl.rewards={name: length, max: 1, margin: 5}"));
        assertEquals(0, log.part(1, "kl/reference"), 1e-6);
        assertTrue(log.part(6, "kl/reference") > 1e-6);
        assertTrue(log.part(6, "kl/loss") >= 0);
    }

    @Test
    void anUpdateIsOnPolicyAtFirstAndMovesAwayLater() throws Exception {
        Log log = run("run", Existing.REFUSE, -1, small("rl.iterations=4", "rl.method=reinforce_plus_plus",
                "optimizer.learning_rate=5e-3", "schedule.warmup=0", "rl.max_tokens=6",
                "rl.rewards={name: length, max: 1, margin: 5}"));
        assertEquals(0, log.part(1, "kl/old_policy"), 1e-4, "log-probabilities are those of the sampler");
        assertTrue(Math.abs(log.part(4, "kl/old_policy")) > 1e-4, log.steps.get(4L).toString());
        assertFalse(log.steps.get(2L).parts().containsKey("reward/mean"), "only the first update makes rollouts");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "rl.method=grpoo | expected grpo, bnpo",
        "problems.task=countdwn:1 | Did you mean countdown?",
        "problems.task=countdown:1 | problems.files: remove one",
        "rl.group=1 | is 1, but the method grpo learns by comparing the completions of a prompt",
        "rl.group=1 rl.method=rloo | is 1, but the method rloo",
        "rl.rewards=[{name: exact_match, weight: .nan}] | overridden key rl.rewards: the reward exact_match: found",
        "rl.rewards=[{name: exact_match, field: }] | reward exact_match, option field: has no value",
        "rl.minibatches=33 | more than the groups of a batch",
        "rl.rewards=exact_mach | there is no reward exact_mach",
        "rl.rewards=task | there is no problems.task",
        "rl.method=cispo rl.clip_low=0.1 | has no such clip range",
        "rl.method=gdpo rl.kl=0.1 rl.kl_placement=reward | rl.kl_placement: is reward, but the method gdpo",
        "rl.rewards=[{weight: 2}] | which has no name",
        "rl.sampler_correction=tokens | expected none, token_truncate"})
    void wrongSettingsAreNamed(String overrides, String message) {
        Exception e = assertThrows(Exception.class,
                () -> run("run", Existing.REFUSE, -1, small(overrides.split(" (?=[a-z]+\\.)"))));
        assertTrue((e instanceof CheckpointException || e instanceof IllegalArgumentException)
                && e.getMessage().contains(message), e.toString());
    }

    @Test
    void recipesAndKeysAreListed() throws Exception {
        RlKeys.ALL.forEach(key -> assertTrue(RecipeKeys.all().contains(key.only("rl")), key.name()));
        Recipe recipe = ShippedRecipes.read("rl", List.of());
        assertEquals("dapo", recipe.get(RlKeys.METHOD));
    }
}

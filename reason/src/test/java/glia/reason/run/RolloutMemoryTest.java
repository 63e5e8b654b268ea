package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.reason.policy.PolicyMethod;
import glia.reason.rollout.RolloutGenerator;
import glia.reason.rollout.RolloutOptions;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.memory.TrainingMemory;
import glia.train.optim.AdamW;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is predicted for a step of reinforcement learning is what it takes when completions are as long as allowed.
class RolloutMemoryTest {
    @TempDir
    private Path folder;

    private static Model model(int context) throws Exception {
        return FreshModel.create(NewModels.config("llama", Map.of("hidden", 64, "layers", 2, "heads", 2, "context",
                context, "vocab", 40)), 3);
    }

    @ParameterizedTest
    @CsvSource({"70, 4, 5, 100, 128", "1, 2, 8, 40, 128", "200, 8, 3, 30, 8", "130, 6, 4, 64, 12"})
    void theCacheIsPredicted(int prompt, int group, int prompts, int completion, int sequences) throws Exception {
        try (Workers workers = new Workers(2); Model model = model(512);
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.EXACT,
                        1L << 28)) {
            long[] peak = new long[1];
            RolloutOptions options = new RolloutOptions(1, completion, 512, 40, id -> {
                peak[0] = Math.max(peak[0], engine.pool().usedBytes());
                return false;
            }).withMaxSequences(sequences);
            new RolloutGenerator(engine, options).generate(Collections.nCopies(prompts, new int[prompt]), group, 1);
            long predicted = RolloutMemory.cacheBytes(engine, options, prompt, prompts, group);
            assertEquals(peak[0], predicted, 0.1 * peak[0]);
        }
    }

    private record OnePrompt(int... ids) implements ProblemSource {
        @Override
        public ProblemSource.PromptProblem training(long index) {
            return new ProblemSource.PromptProblem("ab", ids, Map.of());
        }

        @Override
        public ProblemSource.PromptProblem heldOut(long index) {
            return training(index);
        }

        @Override
        public long size() {
            return 1;
        }

        @Override
        public long numHeldOut() {
            return 0;
        }
    }

    /// 24 rollouts of 12 + 68 tokens, in micro-batches of 8.
    @Test
    void activationsAreThoseOfMicroBatches() throws Exception {
        new CharacterTrainer(SpecialTokens.NONE).add("ab!").train().write(folder);
        Tokenizer tokenizer = Tokenizer.load(folder);
        try (Workers workers = new Workers(2); Model model = model(128)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, 1L << 26);
                    TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
                RolloutObjective objective = new RolloutTraining(engine, tokenizer, new OnePrompt(new int[12]))
                        .reward("any", 1, s -> OptionalDouble.of(s.completion().length()
                                - s.completion().replace("a", "").length()))
                        .method(PolicyMethod.named("grpo", 68)).settings(RolloutSettings.of(2).withPrompts(3)
                                .withGroup(8).withBatchTokens(700)).maxTokens(68).objective();
                for (long step = 0; step < 2; step++) {
                    pass.zeroGradients();
                    objective.accumulate(pass, step);
                }
                long predicted = TrainingMemory.of(model, TrainingOptions.defaults(), new AdamW(), 8, 80)
                        .activations();
                assertEquals(pass.sizeBytes(), predicted, 0.1 * pass.sizeBytes());
            }
        }
    }

    /// Prompts of 4 tokens and completions of 2: micro-batches of 20 sequences, and a cache of 32 groups of 4.
    @Test
    void dryRunsFollowTheKeysOfRollouts() throws Exception {
        Recipe recipe = ShippedRecipes.read("rl-demo", List.of("rl.batch_tokens=120", "rl.group=4",
                "batch.sequences=1", "evaluate.problems=0"));
        try (Workers workers = new Workers(1); RecipeRun run = RecipeRun.prepare(recipe,
                new RunFolder(folder.resolve("run")), KernelBackends.choose("best", workers).kernels(), Path::of,
                Existing.REFUSE); Model same = FreshModel.withoutValues(run.spec())) {
            RecipeRun.Estimate estimate = run.estimate();
            assertEquals(TrainingMemory.of(same, TrainingOptions.defaults(), new AdamW(), 20, 6).activations(),
                    estimate.memory().activations());
            // 128 sequences of one block: keys and values of 64 positions, 2 layers, width 48, 4 bytes.
            assertEquals(128L * 2 * 64 * 2 * 48 * 4, estimate.generation());
            // Rollouts of 32 groups, and an update on them.
            assertEquals(32 * 4 * 2 + 32 * 4 * 6, estimate.tokensPerStep());
        }
    }

    /// Six million completions would take hours.
    @Test
    void dryRunsMakeNoWholeStep() throws Exception {
        Recipe recipe = ShippedRecipes.read("rl-demo", List.of("rl.prompts=100000", "rl.group=64",
                "rl.minibatches=2", "evaluate.problems=200", "rl.method=ppo", "rl.kl=0.1"));
        try (Workers workers = new Workers(1); RecipeRun run = RecipeRun.prepare(recipe,
                new RunFolder(folder.resolve("run")), KernelBackends.choose("best", workers).kernels(), Path::of,
                Existing.REFUSE)) {
            RecipeRun.Estimate estimate = run.estimate();
            assertEquals(100_000L * 64 * 8 / 2, estimate.tokensPerStep());
            assertTrue(estimate.secondsPerStep() > 1, estimate.toString());
        }
    }
}

package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.reason.reward.ModelReward;
import glia.reason.reward.Rewards;
import glia.tensor.kernel.Workers;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A reward model is trained on pairs and then rewards a policy.
class RewardModelTest {
    private static final List<String> WORDS = List.of("cat", "tree", "lake", "song", "bread", "stone", "cloud", "ring",
            "boat", "leaf", "door", "fish");
    private static final String COMMON = """
            model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: 64}}
            tokenizer: {path: tokenizer}
            schedule: {name: constant}
            validate: {every: 0}
            save: {every: 0}
            report: {html: false, norms_every: 0}
            """;
    private static final String REWARD = """
            task: reward
            data: {train: pairs.jsonl, validation_share: 0}
            batch: {sequences: 4}
            optimizer: {learning_rate: 5e-3, weight_decay: 0.0}
            steps: 25
            """;
    private static final String PPO = """
            task: rl
            problems: {files: prompts.jsonl}
            rl: {method: ppo, rewards: {name: model, path: reward/model}, prompts: 8, group: 4, max_tokens: 4, kl: 0.01}
            optimizer: {learning_rate: 5e-3, weight_decay: 0.0}
            evaluate: {problems: 0}
            steps: 25
            """;

    @TempDir
    private Path folder;

    /// Answers in lower case are preferred.
    @BeforeEach
    void write() throws IOException {
        new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.BOS, "<s>").with(SpecialTokens.EOS, "</s>"))
                .add("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.:\n").train()
                .write(Files.createDirectories(folder.resolve("tokenizer")));
        Files.write(folder.resolve("pairs.jsonl"), WORDS.stream().map(w -> "{\"prompt\": \"say " + w
                + ":\", \"chosen\": \" " + w + ".\", \"rejected\": \" " + w.toUpperCase(Locale.ROOT) + ".\"}")
                .toList());
        Files.write(folder.resolve("prompts.jsonl"), WORDS.stream().map(w -> "{\"prompt\": \"say " + w + ":\"}")
                .toList());
    }

    private List<Map<String, Double>> run(String recipe, String output, String... overrides) throws IOException {
        List<Map<String, Double>> figures = new ArrayList<>();
        try (Workers workers = new Workers(2); RecipeRun run = RecipeRun.prepare(Recipe.of(YamlDocument.parse(
                folder.resolve("recipe.yaml"), recipe + COMMON), List.of(overrides)),
                new RunFolder(folder.resolve(output)), KernelBackends.choose("best", workers).kernels(), Path::of,
                Existing.REFUSE)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures step) {
                    figures.add(step.parts());
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return figures;
    }

    private static double mean(List<Map<String, Double>> figures, String name) {
        return figures.stream().mapToDouble(f -> f.get(name)).average().orElseThrow();
    }

    @Test
    void aPolicyLearnsWhatTheRewardModelPrefers() throws Exception {
        run(REWARD, "reward");
        try (ModelReward reward = (ModelReward) Rewards.named("model",
                Map.of("path", folder.resolve("reward/model").toString()))) {
            for (String other : List.of("wind", "milk", "snow")) {
                assertTrue(reward.score("say " + other + ":", " " + other + ".")
                        > reward.score("say " + other + ":", " " + other.toUpperCase(Locale.ROOT) + "."), other);
            }
        }
        List<Map<String, Double>> figures = run(PPO, "ppo");
        assertEquals(0, mean(figures, "reward/failures"));
        assertTrue(mean(figures.subList(20, 25), "reward/mean") > mean(figures.subList(0, 5), "reward/mean"),
                figures.toString());
        assertTrue(figures.getLast().get("kl/reference") > 0, figures.getLast().toString());
    }

    private void assertRefused(String rewards, String... words) {
        String message = assertThrows(CheckpointException.class, () -> run(PPO, "refused", "rl.rewards=" + rewards))
                .getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
    }

    @Test
    void whatIsNoRewardModelIsRefused() throws Exception {
        run(PPO, "policy", "steps=1", "rl.rewards={name: length, max: 3}");
        assertRefused("{name: model, path: " + folder.resolve("policy/model") + "}", "rl.rewards", "option path",
                "the model is no classifier");
        assertRefused("{name: model, path: " + folder.resolve("nowhere") + "}", "rl.rewards", "option path", "nowhere");
        assertRefused("model", "reward model, option path: is missing");
    }
}

package glia.reason.preference.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.training.TrainingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.reason.preference.ProcessRewardModel;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.memory.TrainingMemory;
import glia.train.optim.AdamW;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreferenceRecipesTest {
    private static final List<String> WORDS = List.of("cat", "tree", "lake", "song", "bread", "stone", "cloud", "ring",
            "boat", "leaf", "door", "fish", "snow", "lamp", "road", "bell", "seed", "coat", "milk", "wind");
    private static final int NUM_HELD_OUT = 4;
    private static final String NEW = """
            model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: 64}}
            tokenizer: {path: tokenizer}""";
    private static final String LORA = "adapter: {kind: lora, rank: 4}\n";
    private static final String RECIPE = """
            MODEL
            data: {train: train.jsonl, validation: held-out.jsonl}
            batch: {sequences: 4}
            optimizer: {learning_rate: 3e-3, weight_decay: 0.0}
            schedule: {name: constant}
            steps: 12
            validate: {every: 12}
            save: {every: 5}
            report: {html: false, norms_every: 0}
            """;

    @TempDir
    private Path folder;

    /// What a run did: losses by step, and figures of steps and of validations.
    private record Done(Map<Long, Double> losses, List<Map<String, Double>> parts,
            List<Map<String, Double>> evaluations) { }

    @BeforeEach
    void writeTokenizer() throws Exception {
        new CharacterTrainer(SpecialTokens.NONE.with(SpecialTokens.BOS, "<s>").with(SpecialTokens.EOS, "</s>"))
                .add("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.:\n").train()
                .write(Files.createDirectories(folder.resolve("tokenizer")));
    }

    /// Lower case is preferred.
    private void write(String task) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String word : WORDS) {
            String upper = word.toUpperCase(Locale.ROOT);
            switch (task) {
                case "kto", "bco" -> {
                    lines.add("{\"prompt\": \"say " + word + ":\", \"completion\": \" " + word + ".\", "
                            + "\"label\": true}");
                    lines.add("{\"prompt\": \"say " + word + ":\", \"completion\": \" " + upper + ".\", "
                            + "\"label\": false}");
                }
                case "prm" -> lines.add("{\"prompt\": \"say " + word + ":\", \"completions\": [\"" + word + "\", \""
                        + upper + "\"], \"labels\": [true, false]}");
                default -> lines.add("{\"prompt\": \"say " + word + ":\", \"chosen\": \" " + word
                        + ".\", \"rejected\": \" " + upper + ".\"}");
            }
        }
        int held = lines.size() / WORDS.size() * NUM_HELD_OUT;
        Files.write(folder.resolve("train.jsonl"), lines.subList(0, lines.size() - held));
        Files.write(folder.resolve("held-out.jsonl"), lines.subList(lines.size() - held, lines.size()));
    }

    /// A recipe of a new model, or with an adapter of an existing one.
    private Recipe recipe(String task, String extra, String... overrides) throws IOException {
        String model = NEW;
        if (extra.contains("adapter") && !Files.exists(folder.resolve("base"))) {
            run(recipe(task, "", "steps=1"), "base", Existing.REFUSE, -1);
        }
        if (extra.contains("adapter")) {
            model = "model: {path: base/start}";
        }
        return Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), "task: " + task + "\n"
                + RECIPE.replace("MODEL", model) + extra), List.of(overrides));
    }

    private Done run(Recipe recipe, String output, Existing existing, long stopAt) throws IOException {
        Done done = new Done(new TreeMap<>(), new ArrayList<>(), new ArrayList<>());
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)), kernels, Path::of,
                    existing)) {
                run.listen(new TrainingListener() {
                    @Override
                    public void step(StepFigures figures) {
                        done.losses.put(figures.step(), figures.loss());
                        done.parts.add(figures.parts());
                        if (figures.step() == stopAt) {
                            run.stop();
                        }
                    }

                    @Override
                    public void evaluated(long step, Map<String, Double> figures) {
                        done.evaluations.add(figures);
                    }
                });
                run.run(Map.of(), warning -> { });
            }
        }
        return done;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"dpo|", "dpo|adapter: {kind: lora, rank: 4}",
        "dpo|preference: {loss: [ipo, sft], loss_weights: [0.01, 1.0], tail_weight: 0.5}",
        "cpo|preference: {loss: simpo, beta: 2.0}", "orpo|", "kto|", "bco|preference: {match_prompts: true}", "prm|"})
    void lossesFallAndResumedRunsRepeatThem(String task, String extra) throws Exception {
        write(task);
        Recipe recipe = recipe(task, extra == null ? "" : extra + "\n");
        Done whole = run(recipe, "whole", Existing.REFUSE, -1);
        double first = whole.losses.get(1L) + whole.losses.get(2L);
        double last = whole.losses.get(11L) + whole.losses.get(12L);
        assertTrue(last < first, whole.losses.toString());
        Map<Long, Double> resumed = run(recipe, "resumed", Existing.REFUSE, 7).losses;
        assertEquals(7, resumed.size());
        resumed.putAll(run(recipe, "resumed", Existing.RESUME, -1).losses);
        assertEquals(whole.losses, resumed);
    }

    @ParameterizedTest
    @CsvSource({"lora, 2e-2", "none, 3e-3"})
    void marginsAndAccuracyRiseOnHeldOutPairs(String adapter, String rate) throws Exception {
        write("dpo");
        Done done = run(recipe("dpo", adapter.equals("lora") ? LORA : "", "steps=24", "validate.every=8",
                "schedule.warmup=0",
                "optimizer.learning_rate=" + rate), "run", Existing.REFUSE, -1);
        Map<String, Double> first = done.parts.getFirst();
        assertEquals(0, first.get("rewards/margins"), 1e-6, "the policy begins as the reference model");
        assertEquals(Math.log(2), done.losses.get(1L), 1e-6);
        Map<String, Double> held = done.evaluations.getLast();
        assertTrue(held.get("rewards/accuracies") == 1, held.toString());
        assertTrue(held.get("rewards/margins") > done.evaluations.getFirst().get("rewards/margins"),
                done.evaluations.toString());
        assertTrue(held.get("rewards/chosen") > held.get("rewards/rejected"));
    }

    @Test
    void precomputedReferencesGiveTheSameLosses() throws Exception {
        write("dpo");
        Recipe live = recipe("dpo", "", "preference.tail_weight=0.5");
        Recipe precomputed = recipe("dpo", "", "preference.tail_weight=0.5", "preference.precompute=true");
        assertEquals(run(live, "live", Existing.REFUSE, -1).losses,
                run(precomputed, "precomputed", Existing.REFUSE, -1).losses);
        write("kto");
        assertEquals(run(recipe("kto", ""), "kto", Existing.REFUSE, -1).losses,
                run(recipe("kto", "", "preference.precompute=true"), "kto-2", Existing.REFUSE, -1).losses);
    }

    @Test
    void weightedPairsTrain() throws Exception {
        write("dpo");
        Done done = run(recipe("dpo", "", "preference.weighted=true"), "weighted", Existing.REFUSE, -1);
        assertEquals(Math.log(2), done.losses.get(1L), 0.05, "a new model is nearly uniform, with weights near 1");
        assertTrue(done.losses.get(1L) < Math.log(2) - 1e-3, done.losses.toString());
        assertTrue(done.evaluations.getLast().get("rewards/margins") > 0, done.evaluations.toString());
    }

    /// Accumulated micro-batches have the gradient of one batch for losses of single pairs.
    @Test
    void accumulatedBatchesAreOneBatch() throws Exception {
        write("dpo");
        Done one = run(recipe("dpo", "", "steps=3"), "one", Existing.REFUSE, -1);
        Done two = run(recipe("dpo", "", "steps=3", "batch.sequences=2", "batch.accumulate=2"), "two",
                Existing.REFUSE, -1);
        one.losses.forEach((step, loss) -> assertEquals(loss, two.losses.get(step), 1e-5));
        assertEquals(one.parts.getLast().get("rewards/margins"), two.parts.getLast().get("rewards/margins"), 1e-4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", LORA})
    void trainedModelsTellRightStepsFromWrongOnes(String adapter) throws Exception {
        write("prm");
        run(recipe("prm", adapter, "steps=30", "optimizer.learning_rate=1e-2", "save.result=last"), "prm",
                Existing.REFUSE, -1);
        if (!adapter.isEmpty()) {
            assertEquals("TOKEN_CLS", Config.read(folder.resolve("prm/model/adapter_config.json")).text("task_type"));
        }
        try (LanguageModel model = adapter.isEmpty() ? LanguageModel.load(folder.resolve("prm/model"))
                : LanguageModel.load(folder.resolve("base/start"), LoadOptions.defaults()
                        .withAdapter(folder.resolve("prm/model")));
                ProcessRewardModel steps = new ProcessRewardModel(model, "\n")) {
            double[] found = steps.probabilities("say cat:", List.of("cat", "CAT"));
            assertTrue(found[0] > 0.8 && found[1] < 0.2, found[0] + " " + found[1]);
            assertEquals(found[1], steps.least("say cat:", "cat\nCAT"), 1e-6);
            assertEquals(0, steps.least("say cat:", " \n"));
        }
    }

    private void assertRefused(String task, String extra, String... words) throws IOException {
        write(task);
        CheckpointException e = assertThrows(CheckpointException.class,
                () -> run(recipe(task, extra), "refused", Existing.REFUSE, -1));
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
    }

    @Test
    void keysOfOtherTasksAndUnknownLossesAreRefused() throws Exception {
        assertRefused("orpo", "preference: {margin: 1.0}\n", "line 12", "preference.margin", "it is for cpo");
        assertRefused("dpo", "preference: {loss: sigmund}\n", "line 12", "preference.loss", "'sigmund'",
                "aot_unpaired");
        assertRefused("dpo", "preference: {loss: apo_zero, divergence: forward_kl}\n", "divergence");
        assertRefused("dpo", "preference: {loss: [sigmoid, sft], loss_weights: [1]}\n", "1 weights");
        assertRefused("kto", "preference: {loss: [kto, apo_zero_unpaired]}\n", "expected one");
    }

    @Test
    void ktoNeedsOthersInAMicroBatch() throws Exception {
        write("kto");
        CheckpointException e = assertThrows(CheckpointException.class, () -> run(recipe("kto", "",
                "batch.sequences=1"), "refused", Existing.REFUSE, -1));
        assertTrue(e.getMessage().contains("batch.sequences"), e.getMessage());
    }

    @Test
    void theRecipeThatComesWithTheProgramIsListed() throws Exception {
        assertTrue(ShippedRecipes.all().stream().anyMatch(r -> r.name().equals("dpo")));
        assertEquals(List.of("shipped:preferences.jsonl"), ShippedRecipes.read("dpo", List.of())
                .values().get("data.train") instanceof String s ? List.of(s) : List.of());
    }

    /// Four pairs are eight texts of "say …: ….", and a reference model is as large as the policy.
    @ParameterizedTest
    @CsvSource({"dpo, true", "cpo, false"})
    void dryRunsCountBothAnswersAndTheReferenceModel(String task, boolean hasReference) throws Exception {
        String line = "{\"prompt\": \"say cat:\", \"chosen\": \" cat.\", \"rejected\": \" CAT.\"}";
        Files.write(folder.resolve("train.jsonl"), Collections.nCopies(12, line));
        Files.write(folder.resolve("held-out.jsonl"), List.of(line));
        try (Workers workers = new Workers(1);
                RecipeRun run = RecipeRun.prepare(recipe(task, ""), new RunFolder(folder.resolve("run")),
                        KernelBackends.choose("best", workers).kernels(), Path::of, Existing.REFUSE);
                Model same = FreshModel.withoutValues(run.spec())) {
            RecipeRun.Estimate estimate = run.estimate();
            int length = Math.toIntExact(estimate.tokensPerStep() / 8);
            assertTrue(length >= 13 && length <= 15, () -> "tokens of a text: " + length);
            TrainingMemory expected = TrainingMemory.of(same, TrainingOptions.defaults(), new AdamW(), 8, length);
            assertEquals(expected.activations(), estimate.memory().activations());
            assertEquals(hasReference, estimate.generation() >= expected.weights());
        }
    }
}

package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.family.Families;
import glia.model.fresh.NewModels;
import glia.tensor.kernel.Workers;
import glia.text.tokenizer.Tokenizer;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TokenizerTrainer.CharacterTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Epochs, prompts of distillation and memory of few or odd data.
class RunDataTest {
    private static final String NEW = """
            model: {new: {family: llama, hidden: 32, layers: 1, heads: 2, context: 64}}
            tokenizer: {train: characters}
            """;

    @TempDir
    private Path folder;

    private Recipe recipe(String yaml) throws CheckpointException {
        return Recipe.of(YamlDocument.parse(folder.resolve("r.yaml"), yaml), List.of());
    }

    private RecipeRun prepare(Workers workers, String yaml, String name) throws IOException {
        return RecipeRun.prepare(recipe(yaml), new RunFolder(folder.resolve(name)),
                KernelBackends.choose("best", workers).kernels(), Path::of, Existing.REFUSE);
    }

    private void write(String name, int count, String line) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(line.replace("#", Integer.toString(i % 10)).replace("@", i % 2 == 0 ? "a" : "b")).append('\n');
        }
        Files.writeString(folder.resolve(name), text);
    }

    /// A micro-batch of fewer examples than `batch.sequences` has all of them, so each epoch is an update.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "sft | {\"prompt\": \"be #\", \"completion\": \" or not\"}",
        "classify | {\"text\": \"be #\", \"label\": \"@\"}",
        "embed | {\"query\": \"be #\", \"positive\": \"to #\"}",
        "reward | {\"prompt\": \"be\", \"chosen\": \" #\", \"rejected\": \" not\"}"})
    void anEpochOfFewExamplesIsAnUpdate(String task, String line) throws Exception {
        write("data.jsonl", 6, line);
        write("text.txt", 5, "to be or not to be #");
        try (Workers workers = new Workers(2)) {
            try (RecipeRun base = prepare(workers, NEW + "data: {train: text.txt}\nsteps: 1\n", "base")) {
                base.run(Map.of(), warning -> { });
            }
            String yaml = "task: " + task + "\nmodel: {path: base/model}\n"
                    + "data: {train: data.jsonl, validation_share: 0}\n"
                    + "epochs: 3\nbatch: {context: 32, sequences: 16, accumulate: ";
            try (RecipeRun run = prepare(workers, yaml + "1}", "run")) {
                assertEquals(3, run.steps());
            }
            try (RecipeRun run = prepare(workers, yaml + "2}", "twice")) {
                assertEquals(2, run.steps());
            }
        }
    }

    private RunData read(String yaml, String text) throws Exception {
        Recipe recipe = recipe(yaml);
        new CharacterTrainer(SpecialTokens.NONE).add(text).train()
                .write(Files.createDirectories(folder.resolve("tokenizer")));
        RunFolder run = new RunFolder(Files.createDirectories(folder.resolve("run")));
        return RunData.read(new RunData.Reader(recipe, run, Tokenizer.load(folder.resolve("tokenizer")),
                Optional.empty(), Families.spec(NewModels.config("llama", Map.of("vocab", 64))), 24));
    }

    /// The text kept for validation holds characters of its own, and so does each of two files.
    @Test
    void promptsOfDistillationAreTextsOfTrainingInTheirProportions() throws Exception {
        Files.writeString(folder.resolve("one.txt"), "a".repeat(900) + "x".repeat(100));
        Files.writeString(folder.resolve("two.txt"), "b".repeat(90) + "x".repeat(10));
        String yaml = """
                task: distill
                distill: {teacher: big, kind: on_policy, tokens: 8}
                data: {train: ["one.txt * 3", two.txt]}
                batch: {sequences: 4}
                steps: 1
                """;
        try (RunData data = read(yaml, "abx")) {
            Tokenizer tokenizer = Tokenizer.load(folder.resolve("tokenizer"));
            int[] counts = new int[128];
            for (int i = 0; i < 50; i++) {
                for (int[] prompt : data.prompts().batch(i)) {
                    assertEquals(16, prompt.length);
                    Set<Integer> characters = new HashSet<>(tokenizer.decode(prompt, false).chars().boxed().toList());
                    assertEquals(1, characters.size(), characters.toString());
                    counts[characters.iterator().next()]++;
                }
            }
            assertEquals(150, counts['a']);
            assertEquals(50, counts['b']);
        }
    }

    @Test
    void textsShorterThanAPromptArePromptsAsAWhole() throws Exception {
        Files.writeString(folder.resolve("one.txt"), "abab");
        String yaml = """
                task: distill
                distill: {teacher: big, kind: minillm, tokens: 8}
                data: {train: one.txt, packing: documents, validation_share: 0}
                steps: 1
                """;
        try (RunData data = read(yaml, "ab")) {
            assertEquals(4, data.prompts().batch(0).getFirst().length);
        }
    }

    /// The largest of the micro-batches that an epoch makes, whatever the context is.
    @Test
    void memoryIsThatOfTheTexts() throws Exception {
        Files.writeString(folder.resolve("labels.jsonl"), """
                {"text": "aaaaaaaaaa", "label": "a"}
                {"text": "bb", "label": "b"}
                """);
        try (Workers workers = new Workers(2)) {
            write("text.txt", 5, "ab or not to be #");
            String wide = NEW.replace("64", "4096") + "data: {train: text.txt}\nbatch: {context: 16}\nsteps: 1\n";
            try (RecipeRun base = prepare(workers, wide, "base")) {
                base.run(Map.of(), warning -> { });
            }
            String yaml = "task: classify\nmodel: {path: base/model}\n"
                    + "data: {train: labels.jsonl, validation_share: 0}\n"
                    + "steps: 1\n";
            long all;
            try (RecipeRun run = prepare(workers, yaml, "all")) {
                all = run.estimate().memory().activations();
            }
            try (RecipeRun run = prepare(workers, yaml + "batch: {context: 16}\n", "short")) {
                assertEquals(run.estimate().memory().activations(), all);
            }
        }
    }

    @Test
    void labelsThatAreNoClassesAreRefused() throws Exception {
        write("text.txt", 5, "to be or not to be #");
        try (Workers workers = new Workers(2)) {
            try (RecipeRun base = prepare(workers, NEW + "data: {train: text.txt}\nsteps: 1\n", "base")) {
                base.run(Map.of(), warning -> { });
            }
            String yaml = "task: classify\nmodel: {path: base/model}\ndata: {train: labels.jsonl}\nsteps: 1\n";
            write("labels.jsonl", 3, "{\"text\": \"be\", \"label\": \"yes\"}");
            var alone = assertThrows(CheckpointException.class, () -> prepare(workers, yaml, "run"));
            assertTrue(alone.getMessage().contains("key data.train: has texts with the label 'yes' alone"),
                    alone.getMessage());
            write("labels.jsonl", 3, "{\"text\": \"be\", \"label\": 2000000000}");
            var large = assertThrows(CheckpointException.class, () -> prepare(workers, yaml, "run"));
            assertTrue(large.getMessage().contains("labels.jsonl: line 1: label: found 2000000000, expected a number "
                    + "below 65536"), large.getMessage());
        }
    }

    private StepFigures first(Workers workers, String yaml, String name) throws IOException {
        StepFigures[] first = new StepFigures[1];
        try (RecipeRun run = prepare(workers, yaml, name)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    first[0] = figures;
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return first[0];
    }

    /// In each form of distillation the balance of experts adds its coefficient times its loss.
    @ParameterizedTest
    @CsvSource({"logits, 1, 1", "logits, 0.5, 2", "text, 1, 1", "on_policy, 1, 2", "minillm, 1, 1"})
    void expertsOfAStudentAreBalanced(String kind, double weight, int accumulate) throws Exception {
        write("text.txt", 40, "to be or not to be #");
        String fresh = NEW.replace("family: llama", "family: mixtral, experts: 4") + "data: {train: text.txt}\n";
        String yaml = fresh + """
                task: distill
                distill: {teacher: base/model, kind: %s, weight: %s, tokens: 4}
                batch: {context: 16, sequences: 4, accumulate: %d}
                steps: 1
                """.formatted(kind, weight, accumulate) + "experts.balance: ";
        try (Workers workers = new Workers(2)) {
            first(workers, fresh + "batch: {context: 16}\nsteps: 1\n", "base");
            StepFigures without = first(workers, yaml + "0", "without");
            StepFigures with = first(workers, yaml + "0.5", "with");
            assertTrue(without.parts().containsKey("experts/load_max"), without.parts().toString());
            double balance = with.parts().get("experts/load_balancing_loss");
            assertTrue(balance > 1.9, with.parts().toString());
            assertEquals(0.5 * balance, with.loss() - without.loss(), 1e-4);
        }
    }
}

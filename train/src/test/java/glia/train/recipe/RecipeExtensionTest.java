package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipeExtensionTest {
    private static final String RECIPE = """
            task: phrase
            model: {new: {family: llama, hidden: 32, layers: 1, heads: 2, context: 32}}
            tokenizer: {train: characters}
            data: {train: text.txt}
            phrase: {text: to be, repeat: 2}
            epochs: 12
            validate: {every: 4}
            save: {every: 3, keep: 9}
            """;

    @TempDir
    private Path folder;

    private Recipe recipe(String yaml, String... overrides) throws CheckpointException {
        return Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), yaml), List.of(overrides));
    }

    private Map<Long, Double> run(Existing existing, String output, long stopAt) throws IOException {
        Files.writeString(folder.resolve("text.txt"), "to be or not to be");
        Map<Long, Double> losses = new TreeMap<>();
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            RunFolder to = new RunFolder(folder.resolve(output));
            try (RecipeRun run = RecipeRun.prepare(recipe(RECIPE), to, kernels, Path::of, existing)) {
                assertTrue(run.notes().contains("one phrase"));
                assertEquals(6, run.steps());
                run.listen(new TrainingListener() {
                    @Override
                    public void step(StepFigures figures) {
                        losses.put(figures.step(), figures.loss());
                        if (figures.step() == stopAt) {
                            run.stop();
                        }
                    }

                    @Override
                    public void scored(long step, List<ScoredText> texts) {
                        assertEquals("phrase " + (step - 1), texts.getFirst().title());
                    }
                });
                run.run(Map.of(), warning -> { });
            }
        }
        return losses;
    }

    private List<String> checkpoints(String output) throws IOException {
        try (Stream<Path> files = Files.list(new RunFolder(folder.resolve(output)).checkpoints())) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void keysTasksAndRecipesOfExtensionsAreListedAndChecked() throws Exception {
        assertTrue(RecipeKeys.all().contains(PhraseExtension.PHRASE.only("phrase")));
        CheckpointException other = assertThrows(CheckpointException.class,
                () -> recipe("task: sft\nphrase: {text: a}"));
        assertTrue(other.getMessage().contains("line 2: key phrase.text: is set, but task: sft does not use it; it is "
                + "for phrase"), other.getMessage());
        assertTrue(RecipeKeys.TASK.type().contains("phrase"), RecipeKeys.TASK.type());
        assertTrue(RecipeKeys.TASK.description().endsWith("phrase: a phrase learned by heart"));
        assertEquals("phrase", ShippedRecipes.read("phrase", List.of()).get(RecipeKeys.TASK));
        assertEquals(2L, recipe(RECIPE).get(PhraseExtension.REPEAT));
        CheckpointException e = assertThrows(CheckpointException.class,
                () -> recipe("task: phrase\nphrase: {tekst: a}"));
        assertTrue(e.getMessage().contains("line 2") && e.getMessage().contains("Did you mean phrase.text?"),
                e.getMessage());
    }

    /// Checkpoints are due at steps 3 and 6; the objective can resume after even steps.
    @Test
    void checkpointsWaitForStepsAtWhichTheObjectiveCanResume() throws Exception {
        Map<Long, Double> losses = run(Existing.REFUSE, "a", -1);
        assertEquals(List.of("step-00000004", "step-00000006"), checkpoints("a"));
        assertTrue(losses.get(6L) < losses.get(1L));
        Map<Long, Double> first = run(Existing.REFUSE, "b", 1);
        assertEquals(List.of("step-00000002"), checkpoints("b"));
        Map<Long, Double> all = new TreeMap<>(first);
        all.putAll(run(Existing.RESUME, "b", -1));
        assertEquals(losses, all, "the weight besides the model's is restored, too");
        String metrics = Files.readString(new RunFolder(folder.resolve("a")).metrics());
        assertTrue(metrics.contains("\"event\":\"evaluation\"") && metrics.contains("\"accuracy/held_out\":0.25"),
                metrics);
        assertTrue(metrics.contains("\"event\":\"rollouts\""), metrics);
        String page = Files.readString(new RunFolder(folder.resolve("a")).report());
        assertTrue(page.contains("\"kind\":\"rollouts\"") && page.contains("phrase 5"));
    }
}

package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipeStageTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("first.yaml"), "steps: 10\noutput: a\n");
        Files.writeString(folder.resolve("second.yml"), "task: sft\nsteps: 20\noutput: b\n");
    }

    private List<RecipeStage> read(String yaml, String... overrides) throws IOException {
        Path file = folder.resolve("all.yaml");
        Files.writeString(file, yaml);
        return RecipeStage.read(file.toString(), List.of(overrides));
    }

    private static List<String> settings(List<RecipeStage> stages) throws CheckpointException {
        StringBuilder all = new StringBuilder();
        for (RecipeStage stage : stages) {
            all.append(stage.name()).append(' ').append(stage.recipe().get(RecipeKeys.STEPS)).append(' ')
                    .append(stage.recipe().get(RecipeKeys.SEED)).append('\n');
        }
        return all.toString().lines().toList();
    }

    @Test
    void overridesAreForAllStagesOrForOne() throws Exception {
        String yaml = "stages: [first.yaml, second.yml]";
        assertEquals(List.of("first 10 1", "second 20 1"), settings(read(yaml)));
        assertEquals(List.of("first 3 7", "second 5 7"), settings(read(yaml, "second.steps=5", "steps=3", "seed=7")));
        assertEquals("c", read(yaml, "second.output=c").get(1).recipe().get(RecipeKeys.OUTPUT));
        var e = assertThrows(IllegalArgumentException.class, () -> read(yaml, "output=c"));
        assertTrue(e.getMessage().endsWith("give it for one of them, such as first.output=c"), e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> read(yaml, "third.steps=5"));
        assertTrue(e.getMessage().contains("there is no key third.steps"), e.getMessage());
    }

    @Test
    void aRecipeIsASingleStage() throws Exception {
        assertEquals(List.of("all 4 1"), settings(read("steps: 4")));
        assertEquals(List.of("nano 2 1"), settings(RecipeStage.read("nano", List.of("steps=2"))));
        assertEquals(List.of("nano 2000 1", "phrase 1 1"), settings(read("stages: [nano, phrase]")));
    }

    @Test
    void aGridRunsEachCombination() throws Exception {
        String yaml = "output: runs/g\ngrid:\n  size: {small: [seed=2], large: [seed=3, steps=9]}\n  steps: [4, 5]\n";
        assertEquals(List.of("small-4 4 2", "small-5 5 2", "large-4 4 3", "large-5 5 3"), settings(read(yaml)));
        assertEquals("runs/g/large-5", read(yaml).getLast().recipe().get(RecipeKeys.OUTPUT));
        List<RecipeStage> chosen = read(yaml, "grid.steps=[6, 7]", "grid.size=small", "output=b", "small-7.seed=8");
        assertEquals(List.of("small-6 6 2", "small-7 7 8"), settings(chosen));
        assertEquals("b/small-7", chosen.getLast().recipe().get(RecipeKeys.OUTPUT));
        var e = assertThrows(IllegalArgumentException.class, () -> read(yaml, "grid.size=medium"));
        assertTrue(e.getMessage().endsWith("names 'medium', expected small, large"), e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> read(yaml, "grid.width=1"));
        assertTrue(e.getMessage().endsWith("which has grid.size, grid.steps"), e.getMessage());
        refused("line 1: key grid: is [], expected a mapping from keys to lists", "grid: []");
        refused("line 2: key grid.steps: is 3, expected a list of values", "grid:\n  steps: 3");
    }

    private void refused(String expected, String yaml) {
        var e = assertThrows(CheckpointException.class, () -> read(yaml));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void mistakesAreNamedWithTheirPlace() throws Exception {
        Files.writeString(folder.resolve("nested.yaml"), "stages: [first.yaml]");
        refused("all.yaml: line 2: key steps: stands beside stages", "stages: [first.yaml]\nsteps: 3");
        refused("line 1: key stages: is [], expected a list of recipes", "stages: []");
        refused("line 1: key stages: is 'first.yaml', expected a list", "stages: first.yaml");
        refused("expected each recipe once", "stages: [first.yaml, nano, first.yaml]");
        refused("Did you mean nano?", "stages: [first.yaml, nan]");
        refused("there is no key stages", "stages: [first.yaml, nested.yaml]");
    }

    @Test
    void aRunIsCompleteWhenItsResultIsThereAfterAllSteps() throws Exception {
        RunFolder run = new RunFolder(folder.resolve("run"));
        Recipe ten = Recipe.read(folder.resolve("first.yaml"), List.of());
        assertFalse(run.isComplete(ten));
        Files.createDirectories(run.path());
        Files.copy(folder.resolve("first.yaml"), run.recipe());
        assertFalse(run.isComplete(ten), "without a result");
        Files.createDirectory(run.model());
        assertTrue(run.isComplete(ten));
        assertFalse(run.isComplete(Recipe.read(folder.resolve("first.yaml"), List.of("steps=11"))));
    }
}

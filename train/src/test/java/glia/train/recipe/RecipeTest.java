package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.train.recipe.RecipeKeys.OptimizerName;
import glia.train.recipe.RecipeKeys.Task;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
    private static Recipe recipe(String yaml, String... overrides) throws CheckpointException {
        return Recipe.of(YamlDocument.parse(Path.of("r.yaml"), yaml), List.of(overrides));
    }

    @Test
    void valuesDefaultsAndOverrides() throws Exception {
        Recipe recipe = recipe("""
                task: sft
                optimizer: {name: muon, learning_rate: 1e-4}
                optimizer.weight_decay: 0.5
                data:
                  train: a.jsonl
                """, "optimizer.learning_rate=3", "sample.prompts=[a, b]");
        assertTrue(recipe.isTask(Task.SFT));
        assertEquals(OptimizerName.MUON, recipe.get(RecipeKeys.OPTIMIZER));
        assertEquals(3.0, recipe.get(RecipeKeys.LEARNING_RATE));
        assertEquals(0.5, recipe.get(RecipeKeys.WEIGHT_DECAY));
        assertEquals(List.of("a.jsonl"), recipe.get(RecipeKeys.TRAIN));
        assertEquals(List.of("a", "b"), recipe.get(RecipeKeys.PROMPTS));
        assertEquals(8L, recipe.get(RecipeKeys.SEQUENCES));
        assertFalse(recipe.has(RecipeKeys.SEQUENCES));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "learning_rate: 1 | line 1: key learning_rate | Did you mean optimizer.learning_rate?",
        "optimizer: {learning_rat: 1} | line 1: key optimizer.learning_rat | Did you mean optimizer.learning_rate",
        "optimizer: {learning_rate: fast} | line 1: key optimizer.learning_rate | is 'fast', expected number from 0",
        "steps: -1 | line 1: key steps | is -1, expected whole number from 1",
        "steps: 1.5 | line 1: key steps | is 1.5, expected whole number",
        "task: finetune | line 1: key task | is 'finetune', expected pretrain, sft, classify",
        "optimizer: adamw | line 1: key optimizer | is 'adamw', expected a mapping with name, learning_rate",
        "optimizer: {betas: [0.9]} | line 1: key optimizer.betas | is [0.9], expected list of 2 numbers",
        "report: {html: 1} | key report.html | is 1, expected true or false",
        "distill: {teacher: big} | line 1: key distill.teacher | is set, but task: pretrain does not use it; it is for"
                + " distill",
        "{task: sft, loss: {mask_share: 0.2}} | key loss.mask_share | task: sft does not use it; it is for mask",
        "{task: mask, loss: {mtp: 0.3}} | key loss.mtp | it is for pretrain. Remove it",
        "{task: embed, loss: {label_smoothing: 0}} | key loss.label_smoothing | it is for pretrain, sft, classify"})
    void wrongKeysAndValuesAreNamedWithTheirLine(String yaml, String where, String what) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> recipe(yaml));
        assertTrue(e.getMessage().startsWith("r.yaml") && e.getMessage().contains(where)
                && e.getMessage().contains(what), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"steps | 'steps' is no override", "stepz=1 | Did you mean steps?",
        "steps=x | steps is 'x', expected whole number",
        "distill.beta=1 | distill.beta is set, but task: sft does not use it",
        "model.new=3 | model.new is 3, expected mapping", "model.new.=3 | names no entry of model.new",
        "model.path.x=3 | there is no key model.path.x", "model.newer.x=3 | there is no key model.newer.x"})
    void wrongOverridesAreNamed(String override, String message) {
        Exception e = assertThrows(IllegalArgumentException.class, () -> recipe("task: sft", override));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /// A recipe for one task runs with another: keys of its own task are left out, those of the command line are not.
    @Test
    void anotherTaskLeavesOutTheKeysOfTheFilesTask() throws Exception {
        String yaml = """
                task: distill
                distill: {teacher: big, beta: 1}
                data: {train: a.txt, packing: documents}
                """;
        Recipe recipe = recipe(yaml, "task=pretrain", "loss.mtp=0.1");
        assertFalse(recipe.has(RecipeKeys.TEACHER) || recipe.values().containsKey("distill.beta"));
        assertEquals(RecipeKeys.Packing.DOCUMENTS, recipe.get(RecipeKeys.PACKING));
        assertEquals(0.1, recipe.get(RecipeKeys.MTP));
        assertTrue(recipe(yaml).has(RecipeKeys.TEACHER));
        assertThrows(IllegalArgumentException.class, () -> recipe(yaml, "task=pretrain", "distill.beta=1"));
        assertThrows(CheckpointException.class, () -> recipe(yaml + "loss: {pooling: mean}", "task=pretrain"));
    }

    @Test
    void entriesOfMappingsAreOverridden() throws Exception {
        String yaml = "model: {new: {family: llama, hidden: 32, layers: 2}, config: {rope: {theta: 1e4}}}";
        Recipe recipe = recipe(yaml, "model.new.hidden=64", "model.new.kv-heads=1", "model.config.rope.theta=5",
                "model.config.rope.scaling.factor=2.0", "model.config.tie=true");
        assertEquals(Map.of("family", "llama", "hidden", 64, "layers", 2, "kv-heads", 1),
                recipe.get(RecipeKeys.NEW));
        assertEquals(Map.of("rope", Map.of("theta", 5, "scaling", Map.of("factor", 2.0)), "tie", true),
                recipe.get(RecipeKeys.CONFIG));
        assertEquals(32, recipe(yaml).get(RecipeKeys.NEW).get("hidden"));
        assertEquals(Map.of("family", "gpt2"), recipe("steps: 1", "model.new.family=gpt2").get(RecipeKeys.NEW));
        Exception e = assertThrows(IllegalArgumentException.class, () -> recipe(yaml, "model.new.hidden.x=1"));
        assertTrue(e.getMessage().contains("model.new.hidden is 32, expected a mapping"), e.getMessage());
    }

    @Test
    void aKeyWithoutValueOrDefaultIsMissing() throws Exception {
        Recipe recipe = recipe("task: sft");
        CheckpointException e = assertThrows(CheckpointException.class, () -> recipe.get(RecipeKeys.TRAIN));
        assertTrue(e.getMessage().contains("data.train: is missing, expected text or list of texts"), e.getMessage());
    }

    @Test
    void allKeysAreListedOnceAndExplained() throws Exception {
        HashSet<String> names = new HashSet<>();
        for (RecipeKey<?> key : RecipeKeys.all()) {
            assertTrue(names.add(key.name()), key.name());
            assertFalse(key.description().isBlank());
            assertFalse(key.description().endsWith("."), key.name());
        }
        long constants = List.of(RecipeKeys.class.getFields()).stream()
                .filter(f -> f.getType() == RecipeKey.class).count();
        long added = RecipeExtensions.all().stream().mapToLong(e -> e.keys().size()).sum();
        assertEquals(constants + added, names.size());
    }

    @Test
    void recipesThatComeWithTheProgramAreValid() throws Exception {
        for (ShippedRecipes.Shipped shipped : ShippedRecipes.all()) {
            assertFalse(RecipeStage.read(shipped.name(), List.of("data.train=x")).isEmpty());
            assertFalse(shipped.summary().isBlank());
        }
    }
}

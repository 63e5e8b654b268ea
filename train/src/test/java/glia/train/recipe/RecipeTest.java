package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.train.recipe.RecipeKeys.OptimizerName;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.schedule.Schedule;
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
        assertEquals(2000L, recipe("steps: 2e3").get(RecipeKeys.STEPS));
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
        "{data: {train: a}, data.train: b} | line 1: key data.train | is set twice, as data.train and within data",
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

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "adapter: {rank: 4} | key adapter.rank: has no effect: it needs adapter.kind: lora, rslora or dora",
        "adapter: {kind: none, dropout: 0.1} | key adapter.dropout: has no effect: it needs adapter.kind",
        "{adapter: {kind: lora}, model: {freeze: a}} | key model.freeze: has no effect: it needs adapter.kind: none",
        "data: {truncate: false} | key data.truncate: has no effect: it needs data of chats or answers",
        "{task: classify, data: {text_key: t}} | key data.text_key: has no effect: it needs data of texts",
        "{task: distill, data: {format: chats, packing: documents}} | key data.packing: has no effect",
        "{data: {validation: a, validation_share: 0}} | key data.validation_share: has no effect",
        "{optimizer: {name: sgd, betas: [0.9, 0.9]}} | key optimizer.betas: has no effect: it needs optimizer.name: "
                + "adamw, lion or muon",
        "{optimizer: {momentum: 0.9}} | optimizer.momentum: has no effect: it needs optimizer.name: sgd or muon",
        "{schedule: {name: constant, min_factor: 0}} | schedule.min_factor: has no effect",
        "{schedule: {decay: 5}} | schedule.decay: has no effect: it needs schedule.name: wsd",
        "{task: distill, distill: {tokens: 5}} | distill.tokens: has no effect: it needs distill.kind: text, on_policy",
        "{task: distill, distill: {kind: minillm, beta: 1}} | distill.beta: has no effect",
        "{task: distill, loss: {z_loss: 0.1}} | loss.z_loss: has no effect: it needs with task: distill, distill.kind",
        "{task: distill, distill: {kind: minillm, weight: 0.5}} | distill.weight: has no effect",
        "{model: {path: a}, tokenizer: {path: b}} | tokenizer.path: has no effect: it needs model.new or model.config",
        "{model: {new: {family: gpt2}}, tokenizer: {path: b, vocab_size: 300}} | tokenizer.vocab_size: has no effect",
        "{steps: 5, epochs: 2} | epochs: has no effect: it needs a recipe without steps",
        "sample: {prompts: [a]} | sample.prompts: has no effect: it needs sample.every above 0"})
    void keysWithoutEffectAreNamedWithWhatTheyNeed(String yaml, String note) throws Exception {
        List<String> notes = recipe(yaml).unused();
        assertEquals(1, notes.size(), notes.toString());
        assertTrue(notes.getFirst().startsWith("r.yaml: line 1: ") && notes.getFirst().contains(note),
                notes.toString());
    }

    /// Of an override the note names no file; keys of the file that an override switches off have none.
    @Test
    void overridesMaySwitchKeysOfTheFileOff() throws Exception {
        String yaml = "{adapter: {kind: lora, rank: 4}, optimizer: {betas: [0.9, 0.9]}}";
        assertEquals(List.of(), recipe(yaml).unused());
        assertEquals(List.of(), recipe(yaml, "adapter.kind=none", "optimizer.name=sgd").unused());
        assertEquals(List.of("adapter.rank has no effect: it needs adapter.kind: lora, rslora or dora"),
                recipe(yaml, "adapter.kind=none", "adapter.rank=3").unused());
        assertEquals(List.of(), recipe("{schedule: {name: linear, min_factor: 0.5}, tokenizer: {train: bpe, "
                + "vocab_size: 300}, model: {new: {family: gpt2}, init: gpt2}}").unused());
    }

    @Test
    void overridesReplaceAlternativesOfTheFile() throws Exception {
        assertFalse(recipe("steps: 5", "epochs=2").has(RecipeKeys.STEPS));
        assertFalse(recipe("epochs: 5", "steps=2").has(RecipeKeys.EPOCHS));
        String fresh = "{model: {new: {family: gpt2}, init: gpt2}, tokenizer: {train: bpe, vocab_size: 300}}";
        assertEquals(Map.of("model.path", "a"), recipe(fresh, "model.path=a").values());
        assertEquals(Map.of("model.new", Map.of("family", "llama")),
                recipe("model: {path: a}", "model.new.family=llama").values());
        assertTrue(recipe(fresh, "model.path=a", "model.new.family=llama").has(RecipeKeys.MODEL));
    }

    /// Short runs, such as an epoch of few texts, have a warm-up of all their steps or no room for a fifth of decay.
    @Test
    void schedulesFitRunsOfAnyLength() throws Exception {
        for (RecipeKeys.ScheduleName name : RecipeKeys.ScheduleName.values()) {
            Recipe recipe = recipe("schedule: {name: " + RecipeKey.word(name) + ", warmup: 50}");
            for (long steps : new long[] {1, 3, 50, 51, 55, 60, 1000}) {
                Schedule schedule = RunOptimizer.schedule(recipe, steps, Math.min(50, steps));
                for (long step = 0; step < steps; step++) {
                    double factor = schedule.factor(step);
                    assertTrue(factor >= 0 && factor <= 1, name + " at " + step + " of " + steps + ": " + factor);
                }
            }
        }
        Recipe tooLong = recipe("schedule: {name: wsd, warmup: 50, decay: 20}");
        assertThrows(CheckpointException.class, () -> RunOptimizer.schedule(tooLong, 60, 50));
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
            List<RecipeStage> stages = RecipeStage.read(shipped.name(), List.of());
            assertFalse(stages.isEmpty());
            for (RecipeStage stage : stages) {
                assertEquals(List.of(), stage.recipe().unused(), shipped.name());
            }
            assertFalse(shipped.summary().isBlank());
        }
    }
}

package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.model.block.Input;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.reason.task.TaskSet;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The recipes `shapes-sft` and `shapes-rl` with few steps: a new model, and GRPO with pictures in the prompt.
class PictureRlTest {
    private static final List<String> SMALL = List.of("report.html=false", "save.every=0");
    private static final String SIZES = "model.new={family: llava, hidden: 32, layers: 1, heads: 2, context: 96, "
            + "vision-hidden: 32, vision-layers: 1, vision-heads: 2, image: 48, patch: 16, image-token: 1}";
    private static Workers workers;
    private static Kernels kernels;
    private static Path start;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open(@TempDir Path shared) throws IOException {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
        start = shared.resolve("sft/model");
        train(shared.resolve("sft"), "shapes-sft", SIZES, "steps=2", "tokenizer.vocab_size=280", "batch.sequences=2",
                "data.train=problems:shapes:1 count=4", "data.validation=problems:shapes:1 count=2 split=validation");
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    private static List<StepFigures> train(Path run, String recipe, String... words) throws IOException {
        List<String> all = new ArrayList<>(SMALL);
        all.addAll(List.of(words));
        return train(run, ShippedRecipes.read(recipe, all));
    }

    private List<StepFigures> ofFiles(Path file) throws IOException {
        return train(folder.resolve("rl"), Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), """
                task: rl
                steps: 2
                rl: {prompts: 2, group: 4, max_tokens: 6, rewards: random}
                evaluate: {problems: 1}
                problems: {held_out_share: 0.25, files: %s}
                model: {path: %s}
                """.formatted(file, start)), SMALL));
    }

    private static List<StepFigures> train(Path run, Recipe recipe) throws IOException {
        List<StepFigures> steps = new ArrayList<>();
        try (RecipeRun prepared = RecipeRun.prepare(recipe, new RunFolder(run), kernels,
                Path::of, Existing.REPLACE)) {
            prepared.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    steps.add(figures);
                }
            });
            prepared.run(Map.of(), warning -> { });
        }
        return steps;
    }

    /// Rewards that differ within a group.
    private List<StepFigures> reinforce(String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of("model.path=" + start, "steps=2", "rl.prompts=2", "rl.group=4",
                "rl.max_tokens=6", "rl.rewards=random", "schedule.warmup=0"));
        all.addAll(List.of(words));
        return train(folder.resolve("rl"), "shapes-rl", all.toArray(String[]::new));
    }

    private boolean isChanged(String part) throws IOException {
        try (SafetensorsCheckpoint before = SafetensorsCheckpoint.open(start.resolve("model.safetensors"));
                SafetensorsCheckpoint after = SafetensorsCheckpoint.open(folder.resolve(
                        "rl/model/model.safetensors"))) {
            List<String> names = before.names().stream().filter(name -> name.contains(part)).toList();
            assertFalse(names.isEmpty());
            for (String name : names) {
                if (!Arrays.equals(before.tensor(name).toArray(), after.tensor(name).toArray())) {
                    return true;
                }
            }
            return false;
        }
    }

    @Test
    void theVerifierOfTheTaskIsTheRewardAndTheTowerIsTrainedOrFrozen() throws IOException {
        List<StepFigures> steps = train(folder.resolve("rl"), "shapes-rl", "model.path=" + start, "steps=1",
                "rl.prompts=2", "rl.group=2", "rl.max_tokens=4", "evaluate.problems=2", "validate.every=1");
        assertEquals(1, steps.size());
        assertTrue(steps.getFirst().parts().containsKey("accuracy/training"));
        List<StepFigures> trained = reinforce();
        assertTrue(trained.getFirst().gradientNorm() > 0);
        assertTrue(isChanged("vision_tower"));
        assertTrue(isChanged("language_model"));
        reinforce("model.freeze=[vision_tower]");
        assertFalse(isChanged("vision_tower"));
        assertTrue(isChanged("multi_modal_projector"));
    }

    @Test
    void aControlAsksForOtherPictures() {
        TaskMix tasks = TaskMix.of("shapes:1", 0);
        ProblemSource control = new ProblemSource.TaskProblems(tasks, true, p -> Input.of(1));
        Problem own = tasks.problem(Split.TRAIN, 3);
        assertEquals(own.prompt(), control.training(3).text());
        assertEquals(own.fields(), control.training(3).fields());
        assertEquals(tasks.problem(Split.TRAIN, 4).pictures(), control.training(3).pictures());
        assertEquals(tasks.problem(Split.HELD_OUT, 3).pictures(), control.heldOut(3).pictures());
    }

    @Test
    void promptsOfFilesHavePictures() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Problem problem = TaskSet.of("shapes:1", 0).problem(Split.TRAIN, i);
            String image = problem.pictures().getFirst().dataUrl();
            if (i == 0) {
                Files.write(folder.resolve("0.png"), Base64.getDecoder().decode(image.substring(
                        image.indexOf(',') + 1)));
                image = "0.png";
            }
            lines.add("{\"prompt\": \"How many?\", \"images\": [\"" + image + "\"], \"answer\": \"3\"}");
        }
        Path file = Files.write(folder.resolve("problems.jsonl"), lines);
        assertEquals(2, ofFiles(file).size());
        Files.write(file, List.of("{\"prompt\": \"How many?\", \"images\": [\"none.png\"], \"answer\": \"3\"}"));
        String message = assertThrows(CheckpointException.class, () -> ofFiles(file)).getMessage();
        assertTrue(message.contains("line 1") && message.contains("none.png"), message);
    }
}

package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.kernels.KernelBackends;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.tensor.kernel.Workers;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What held-out accuracy counts: problems that differ from one another and from those of training.
class HeldOutProblemsTest {
    @TempDir
    private Path folder;

    @Test
    void aLevelWithFewProblemsGivesEachOnce() {
        List<Problem> problems = TaskMix.of("quadratic:1", 5).distinct(Split.HELD_OUT, 300);
        assertEquals(47, problems.size());
        assertEquals(47, problems.stream().map(Problem::prompt).distinct().count());
        assertEquals(60, TaskMix.of("countdown:4,quadratic:1", 0).distinct(Split.HELD_OUT, 60).size());
    }

    /// The numbers of `rl-demo`: no digits of a held-out one are in training, in any order and number.
    @Test
    void digitsAreHeldOutAsSets() throws Exception {
        List<String> lines;
        try (var in = RlTask.class.getResourceAsStream("/glia/reason/data/largest-digit.jsonl")) {
            lines = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).lines().toList();
        }
        assertEquals(1000, Set.copyOf(lines).size());
        Set<String> trained = digits(lines.subList(0, 800));
        Set<String> held = digits(lines.subList(800, 1000));
        held.retainAll(trained);
        assertEquals(Set.of(), held);
    }

    private static Set<String> digits(List<String> lines) {
        return lines.stream().map(line -> line.replaceAll("^\\{\"prompt\": \"(\\d{3})=.*", "$1").chars().sorted()
                .distinct().mapToObj(Character::toString).collect(Collectors.joining()))
                .collect(Collectors.toCollection(HashSet::new));
    }

    /// A file with the keys of Alpaca is a file of prompts with answers.
    @Test
    void keysOfAlpacaArePromptsAndAnswers() throws Exception {
        Path file = Files.writeString(folder.resolve("alpaca.jsonl"),
                "{\"instruction\": \"Add.\", \"input\": \"2+3\", \"output\": \"5\"}\n"
                + "{\"instruction\": \"Say hi.\", \"input\": \"\", \"output\": \"hi\", \"level\": 1}\n");
        PromptFiles files;
        try (LanguageModel model = LanguageModel.load("stories260K")) {
            files = PromptFiles.read(List.of(file), List.of(file), 0,
                    PromptEncoder.of(model.tokenizer(), Optional.empty()), 100, 1);
        }
        assertEquals("Add.\n\n2+3", files.heldOut(0).text());
        assertEquals(java.util.Map.of("answer", "5"), files.heldOut(0).fields());
        assertEquals("Say hi.", files.heldOut(1).text());
        assertEquals("hi", files.heldOut(1).fields().get("answer"));
        assertEquals(2, files.heldOut(1).fields().size());
    }

    /// Six held-out lines have four different prompts, one of which is in training.
    @Test
    void repeatedPromptsCountOnceAndAreReported() throws Exception {
        List<String> lines = new ArrayList<>();
        for (String digits : "123 456 789 124 333 222 333 123 444 222".split(" ")) {
            lines.add("{\"prompt\": \"" + digits + "=\", \"answer\": \"" + digits.charAt(2) + "\"}");
        }
        Path file = Files.write(folder.resolve("digits.jsonl"), lines.subList(0, 4));
        Path heldOut = Files.write(folder.resolve("held-out.jsonl"), lines.subList(4, 10));
        Recipe recipe = ShippedRecipes.read("rl-demo", List.of("problems.files=" + file, "data.train=" + file,
                "problems.held_out=" + heldOut, "steps=1", "rl.prompts=1", "rl.group=2", "save.every=0",
                "report.html=false",
                "rl.rewards={name: format, pattern: \"(?s).*\"}"));
        List<Double> low = new ArrayList<>();
        try (Workers workers = new Workers(1); RecipeRun run = RecipeRun.prepare(recipe,
                new RunFolder(folder.resolve("run")), KernelBackends.choose("best", workers).kernels(), Path::of,
                Existing.REFUSE)) {
            assertTrue(run.notes().toString().contains("1 of 6 held-out prompts are training prompts, too"),
                    run.notes().toString());
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures figures) {
                    low.add(figures.parts().get("accuracy/held_out_low"));
                }
            });
            run.run(java.util.Map.of(), warning -> { });
        }
        assertEquals(WilsonInterval.of(4, 4).low(), low.getFirst(), 1e-12);
    }
}

package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.reason.reward.Reward;
import glia.reason.reward.Sample;
import glia.tensor.kernel.Workers;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A run whose rewards are missing ends with an error.
class RewardWatchTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "solution | 3 | exact_match | failed for 8 of 8 completions: the sample has no field answer; "
                + "it has [solution]. Rename",
        "answer | ((( | math | no reward applies to 8 of 8 completions, such as that of the prompt",
        "answer | three | numeric | 'three' is no number"})
    void missingRewardsEndARun(String field, String answer, String reward, String message) throws Exception {
        Path file = folder.resolve("problems.jsonl");
        Files.writeString(file, IntStream.range(100, 120).mapToObj(i -> "{\"prompt\": \"" + i + "=\", \"" + field
                + "\": \"" + answer + "\"}\n").collect(Collectors.joining()));
        try (Workers workers = new Workers(1); RecipeRun run = RecipeRun.prepare(ShippedRecipes.read("rl-demo",
                List.of("problems.files=" + file, "rl.rewards=" + reward, "rl.prompts=4", "rl.group=2",
                "evaluate.problems=8", "problems.held_out_share=0.5", "report.html=false")),
                new RunFolder(folder.resolve("run")), KernelBackends.choose("best", workers).kernels(), Path::of,
                Existing.REFUSE)) {
            Exception e = assertThrows(TrainingException.class, () -> run.run(Map.of(), warning -> { }));
            assertTrue(e.getMessage().contains(message), e.getMessage());
        }
    }

    private static ScoredRollout scored(RewardColumn column, double score) {
        ProblemSource.PromptProblem problem = new ProblemSource.PromptProblem("p", new int[] {1}, Map.of());
        column.reward().score(new Sample("p", "c", 1, true, Map.of()));
        return new ScoredRollout(0, problem, null, "c", new double[] {score}, score, false);
    }

    /// A failure in a hundred is none to speak of; later ones are warned of once.
    @Test
    void laterFailuresAreWarnedOf() {
        boolean[] fails = new boolean[1];
        Reward reward = sample -> {
            if (fails[0]) {
                throw new IllegalStateException("the server is gone");
            }
            return OptionalDouble.of(1);
        };
        RewardColumn column = RewardColumn.of("mine", 1, reward);
        RewardWatch watch = new RewardWatch(List.of(column), false);
        List<ScoredRollout> good = IntStream.range(0, 20).mapToObj(i -> {
            fails[0] = i == 7;
            return scored(column, fails[0] ? Double.NaN : 1);
        }).toList();
        watch.check(good, true);
        assertEquals(List.of(), watch.takeWarnings());
        for (int i = 0; i < 2; i++) {
            fails[0] = true;
            watch.check(List.of(scored(column, Double.NaN)), true);
            List<String> warnings = watch.takeWarnings();
            assertEquals(i == 0 ? 1 : 0, warnings.size(), warnings.toString());
            assertTrue(i > 0 || warnings.getFirst().contains("the reward mine failed for 1 of 1 completions")
                    && warnings.getFirst().contains("the server is gone"), warnings.toString());
        }
        column.reward().close();
    }

    /// Held-out problems of another file say nothing about those that train.
    @Test
    void aGoodHeldOutFileDoesNotHideABadOne() {
        boolean[] fails = new boolean[1];
        RewardColumn column = RewardColumn.of("mine", 1, sample -> fails[0] ? OptionalDouble.of(Double.NaN)
                : OptionalDouble.of(1));
        RewardWatch watch = new RewardWatch(List.of(column), false);
        watch.check(List.of(scored(column, 1)), false);
        fails[0] = true;
        List<ScoredRollout> bad = List.of(scored(column, Double.NaN));
        assertThrows(TrainingException.class, () -> watch.check(bad, true));
        column.reward().close();
    }
}

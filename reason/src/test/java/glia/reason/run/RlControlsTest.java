package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Coefficients that follow targets, and corrections for the sampler, in whole runs.
class RlControlsTest {
    private static Workers workers;
    private static Kernels kernels;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    /// The figures of each step without times.
    private Map<Long, Map<String, Double>> run(String output, Existing existing, long stopAt, String overrides)
            throws IOException {
        List<String> all = new ArrayList<>(List.of("steps=6", "rl.prompts=4", "rl.group=4", "save.every=0",
                "evaluate.problems=0", "report.html=false", "schedule.warmup=0", "optimizer.learning_rate=1e-2",
                "rl.rewards={name: length, max: 1, margin: 5}", "rl.max_tokens=4"));
        all.addAll(List.of(overrides.split(" ")));
        Map<Long, Map<String, Double>> figures = new TreeMap<>();
        Recipe recipe = ShippedRecipes.read("rl-demo", all);
        try (RecipeRun run = RecipeRun.prepare(recipe, new RunFolder(folder.resolve(output)), kernels, Path::of,
                existing)) {
            run.listen(new TrainingListener() {
                @Override
                public void step(StepFigures f) {
                    Map<String, Double> parts = new TreeMap<>(f.parts());
                    parts.remove("rollouts/tokens_per_second");
                    parts.put("loss", f.loss());
                    figures.put(f.step(), parts);
                    if (f.step() == stopAt) {
                        run.stop();
                    }
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return figures;
    }

    @ParameterizedTest
    @ValueSource(strings = {"rl.kl=0.1 rl.kl_target=1e-3 rl.kl_horizon=50 rl.iterations=2",
        "rl.kl=0.1 rl.kl_target=1e-3 rl.kl_horizon=50 rl.kl_placement=reward rl.lag=1",
        "rl.entropy_target=2 rl.entropy=0.01 rl.iterations=2", "rl.rejection=token_k1 rl.rejection_bounds=1.00001"})
    void aResumedRunRepeatsTheFigures(String overrides) throws Exception {
        Map<Long, Map<String, Double>> whole = run("whole", Existing.REFUSE, -1, overrides);
        Map<Long, Map<String, Double>> parts = run("parts", Existing.REFUSE, 2, overrides);
        assertTrue(parts.size() < 6, "stopped after " + parts.keySet());
        parts.putAll(run("parts", Existing.RESUME, -1, overrides));
        assertEquals(whole, parts);
    }

    /// c·(1 ± 0.2·16/50): the first batch has no KL, later ones have more than the target.
    @Test
    void theKlCoefficientFollowsItsTarget() throws Exception {
        Map<Long, Map<String, Double>> steps = run("run", Existing.REFUSE, -1,
                "rl.kl=0.1 rl.kl_target=1e-9 rl.kl_horizon=50 rl.kl_estimator=k3");
        double expected = 0.1;
        for (Map<String, Double> figures : steps.values()) {
            assertEquals(expected, figures.get("kl/coefficient"), 1e-12);
            double kl = figures.get("kl/reference");
            assertTrue(kl < 0.5e-9 || kl > 2e-9, "no clear side of the target: " + kl);
            expected *= kl > 1e-9 ? 1 + 0.2 * 16 / 50 : 1 - 0.2 * 16 / 50;
        }
        assertTrue(steps.get(6L).get("kl/reference") > 1e-6, steps.toString());
        assertTrue(expected > 0.1, "the penalty grew: " + expected);
    }

    /// The coefficient rises while the entropy is low, and is in force from the second update on.
    @Test
    void theEntropyBonusFollowsItsTarget() throws Exception {
        Map<Long, Map<String, Double>> steps = run("run", Existing.REFUSE, -1,
                "rl.entropy=0.01 rl.entropy_target=100 rl.entropy_step=0.25 rl.entropy_max=0.6");
        assertEquals(List.of(0.0, 0.26, 0.51, 0.6, 0.6, 0.6),
                steps.values().stream().map(f -> f.get("entropy/coefficient")).toList());
        Map<Long, Map<String, Double>> free = run("free", Existing.REFUSE, -1,
                "rl.entropy=0.01 rl.entropy_target=0.001");
        assertEquals(List.of(0.0, 0.0), List.of(free.get(1L).get("entropy/coefficient"),
                free.get(6L).get("entropy/coefficient")));
        assertTrue(steps.get(6L).get("entropy/mean") > free.get(6L).get("entropy/mean"));
    }

    /// In BF16 training's log-probabilities differ from the sampler's.
    @Test
    void tooDifferentTokensAreRejected() throws Exception {
        String bf16 = "precision=bf16 steps=1 rl.sampler_correction=";
        Map<String, Double> none = run("none", Existing.REFUSE, -1, "steps=1 precision=bf16").get(1L);
        Map<String, Double> all = run("all", Existing.REFUSE, -1, bf16 + "sequence rl.rejection=token_k1 "
                + "rl.rejection_bounds=1.0000000001").get(1L);
        Map<String, Double> few = run("few", Existing.REFUSE, -1, bf16 + "token rl.sampler_normalize=true "
                + "rl.rejection=seq_mean_k3,token_k2 rl.rejection_bounds=10,10").get(1L);
        assertTrue(all.get("sampler/kl") > 0 && all.get("sampler/rejected") > 0.5, all.toString());
        assertEquals(0, few.get("sampler/rejected"));
        assertEquals(1, few.get("sampler/weight"), 1e-9);
        assertTrue(few.get("sampler/effective") > 0.99 && few.get("sampler/effective") <= 1 + 1e-12, few.toString());
        assertTrue(all.get("sampler/effective") < few.get("sampler/effective"));
        assertEquals(none.get("reward/mean"), all.get("reward/mean"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "rl.kl=0 rl.kl_target=0.1                                          | set rl.kl to its first coefficient",
        "rl.entropy_target=1 rl.entropy_min=2                              | more than rl.entropy_max, 1.0",
        "rl.rejection=token_k1                                             | needs rl.rejection_bounds",
        "rl.rejection_bounds=2                                             | rl.rejection names no rule",
        "rl.rejection=token_k9 rl.rejection_bounds=2                       | found \"token_k9\", expected token_k1",
        "rl.rejection=seq_mean_k3 rl.rejection_bounds=-1                   | found \"-1\", expected a positive number",
        "rl.sampler_correction=token rl.sampler_bounds=3_2                 | found bounds 3.0 and 2.0"})
    void wrongSettingsAreNamed(String overrides, String message) {
        Exception e = assertThrows(Exception.class, () -> run("run", Existing.REFUSE, -1, overrides));
        assertTrue(e.getMessage().contains(message), e.toString());
    }
}

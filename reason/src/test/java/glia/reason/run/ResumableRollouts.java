package glia.reason.run;

import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/// A small run of reinforcement learning that saves whenever it can and goes on from the newest checkpoint, as a
/// program of its own: it is killed at random moments.
final class ResumableRollouts {
    /// Two updates for a batch of rollouts, and a coefficient that follows a target.
    private static final List<String> OVERRIDES = List.of("rl.prompts=3", "rl.group=4", "rl.iterations=2",
            "save.every=1", "evaluate.problems=6", "validate.every=3", "report.html=false", "report.tensorboard=false",
            "rl.kl=0.1", "rl.kl_target=1e-4", "rl.kl_horizon=100", "model.new={family: llama, hidden: 16, layers: 1, "
            + "heads: 2, context: 16}", "rl.rewards=[{name: exact_match}, {name: length, max: 1, margin: 5}]");

    private ResumableRollouts() { }

    /// @param args folder, number of steps
    public static void main(String[] args) throws Exception {
        run(Path.of(args[0]), Integer.parseInt(args[1]), (step, figures) -> {
            System.out.println(step + " " + figures);
            System.out.flush();
        });
    }

    /// Runs up to a step; what checkpoints hold is not computed again.
    ///
    /// @param figures receives those of each step, without times
    static void run(Path folder, int steps, BiConsumer<Long, String> figures) throws Exception {
        List<String> overrides = new ArrayList<>(OVERRIDES);
        overrides.add("steps=" + steps);
        Recipe recipe = ShippedRecipes.read("rl-demo", overrides);
        RunFolder run = new RunFolder(folder);
        try (Workers workers = new Workers(1);
                RecipeRun training = RecipeRun.prepare(recipe, run, KernelBackends.choose("best", workers).kernels(),
                        Path::of, run.holdsRun() ? Existing.RESUME : Existing.REFUSE)) {
            training.listen(new TrainingListener() {
                @Override
                public void step(StepFigures f) {
                    figures.accept(f.step(), text(f));
                }
            });
            training.run(Map.of(), warning -> { });
        }
    }

    static String text(StepFigures f) {
        Map<String, Double> parts = new TreeMap<>(f.parts());
        parts.remove("rollouts/tokens_per_second");
        return f.loss() + " " + f.gradientNorm() + " " + f.tokensSeen() + " " + parts;
    }
}

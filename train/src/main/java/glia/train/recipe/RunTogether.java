package glia.train.recipe;

import glia.io.CheckpointException;
import glia.tensor.kernel.Kernels;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun.ModelPaths;
import glia.train.run.Objective;
import java.io.IOException;
import java.util.Optional;

/// Opens a run on several ranks: rank 0 makes the folder, then the others read it. What does not fit together is an
/// error of one rank, which the others know.
final class RunTogether {
    private RunTogether() { }

    static RecipeRun prepare(Recipe recipe, RunFolder folder, Kernels kernels, ModelPaths models, Existing existing,
            RunRanks ranks) throws IOException {
        ranks.requireSame(recipe.origin(), "values", recipe.values().toString(), "start all with the same words");
        ranks.requireSame(recipe.origin(), "kernels", kernels.name(), "choose one with --kernels");
        boolean isFirst = ranks.rank() == 0;
        Optional<RecipeRun> first = ranks.together(() -> isFirst
                ? Optional.of(RecipeRun.first(recipe, folder, kernels, models, existing, ranks)) : Optional.empty(),
                made -> made.ifPresent(RecipeRun::close));
        String step = ranks.all(first.flatMap(run -> run.last).map(saved -> "" + saved.step()).orElse("")).getFirst();
        RecipeRun made = ranks.together(() -> isFirst ? first.get() : RecipeRun.open(recipe.in(folder), folder, kernels,
                models, true, step.isEmpty() ? Optional.empty() : Optional.of(Long.parseLong(step)), ranks),
                RecipeRun::close);
        try {
            ranks.requireSame(folder.path(), "weights", made.model.fingerprint(), "all ranks read the folder of the "
                    + "run, and a model that is not new, from one file system");
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
        return made;
    }

    /// @throws CheckpointException if the recipe is for another number of ranks, or for one alone
    static void requireParallel(Recipe recipe, Objective objective, RunRanks ranks) throws CheckpointException {
        long data = recipe.find(RecipeKeys.DATA_PARALLEL).orElse((long) ranks.size());
        if (data != ranks.size()) {
            throw recipe.error(RecipeKeys.DATA_PARALLEL, "is " + data + ", but there are " + ranks.size()
                    + " ranks; start as many processes, or leave the key out");
        }
        if (!objective.isParallel()) {
            throw recipe.error(RecipeKeys.TASK, "is " + recipe.get(RecipeKeys.TASK)
                    + ", which trains on one rank alone; leave " + RecipeKeys.DATA_PARALLEL.name() + " out");
        }
    }
}

package glia.train.recipe;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.model.write.SentenceTransformerKeys;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.train.checkpoint.CheckpointStore.Saved;
import glia.train.checkpoint.CheckpointStore;
import glia.train.recipe.RecipeKeys.Task;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Opens the runs of recipes.
final class RunPreparation {
    private static final long STATE_BYTES = 1L << 30;

    private RunPreparation() { }

    static RecipeRun first(Recipe recipe, RunFolder folder, Kernels kernels, RecipeRun.ModelPaths models,
            RecipeRun.Existing existing, RunRanks ranks, RankLayout.Choice choice) throws IOException {
        RunLock lock = folder.prepare(existing);
        boolean resumes = folder.holdsRun();
        try {
            List<String> notes = new ArrayList<>();
            List<String> layout = new ArrayList<>();
            boolean isOpen = ranks.size() > 1 && RankLayout.isOpen(recipe);
            if (isOpen) {
                try (RecipeRun one = open(recipe.in(folder), folder, kernels, models, resumes, Optional.empty(),
                        RunRanks.ONE)) {
                    choice.choose(one, notes).forEach((key, value) -> layout.add(key + "=" + value));
                }
            }
            Recipe chosen = recipe.with(layout.toArray(String[]::new)).in(folder);
            if (isOpen && !resumes) {
                RunRecipe.write(chosen, folder.recipe());
            }
            RecipeRun run = open(chosen, folder, kernels, models, resumes || isOpen, Optional.empty(), ranks);
            run.resumes = resumes;
            run.layout = layout;
            run.notes.addAll(notes);
            run.lock = Optional.of(lock);
            folder.begun();
            return run;
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            if (resumes) {
                lock.close();
            } else {
                folder.discard();
                lock.remove();
            }
            throw e;
        }
    }

    /// @param step of the checkpoint to continue from on further ranks; the last one on the first
    static RecipeRun open(Recipe recipe, RunFolder folder, Kernels kernels, RecipeRun.ModelPaths models,
            boolean resumes, Optional<Long> step, RunRanks ranks) throws IOException {
        CheckpointStore store = store(recipe, folder);
        List<String> notes = new ArrayList<>();
        Optional<Saved> last = Optional.empty();
        if (ranks.rank() > 0) {
            last = step.flatMap(store::at);
        } else if (resumes) {
            notes.addAll(RunRecipe.changes(recipe, folder.recipe()));
            List<String> rejected = new ArrayList<>();
            last = store.latest(rejected);
            if (last.isEmpty() && !rejected.isEmpty()) {
                throw new CheckpointException(folder.checkpoints(), "", "holds no checkpoint that is whole, so the run "
                        + "cannot continue; --force begins it again: " + String.join("; ", rejected));
            }
            notes.addAll(rejected);
        }
        Path start = RunStart.locate(recipe, folder, models, resumes, kernels);
        try (RunStart text = RunStart.load(start)) {
            if (recipe.isTask(Task.EMBED)) {
                SentenceTransformerKeys.refuseDense(start, text.model().checkpoint());
            }
            RunModel model = RunModel.load(recipe, start, text.newHead(recipe), last);
            Engine engine = new Engine(model.model(), kernels, Precision.EXACT, STATE_BYTES);
            TaskRun task = null;
            try {
                RunModel.requireTask(recipe, model.model().spec());
                TaskContext context = new TaskContext(recipe, folder, start, text.tokenizer(), text.template(),
                        model.model(), model.adapters(), RunModel.passOptions(recipe), kernels, engine,
                        RunModel.context(recipe, model.model().spec()), models);
                String name = recipe.get(RecipeKeys.TASK);
                Optional<RecipeExtension> extension = RecipeExtensions.of(name);
                task = extension.isPresent() ? extension.get().open(name, context) : BuiltInTask.open(context);
                RecipeRun run = new RecipeRun(recipe, folder, model, context, task, last, ranks);
                run.notes.addAll(recipe.unused());
                run.notes.addAll(notes);
                run.resumes = resumes;
                if (ranks.rank() == 0) {
                    RunRecipe.write(recipe, folder.recipe());
                }
                return run;
            } catch (IOException | RuntimeException e) {
                if (task != null) {
                    task.close();
                }
                engine.close();
                model.close();
                throw e;
            }
        }
    }

    static CheckpointStore store(Recipe recipe, RunFolder folder) throws CheckpointException {
        return new CheckpointStore(folder.checkpoints(), Math.toIntExact(recipe.get(RecipeKeys.KEEP)));
    }
}

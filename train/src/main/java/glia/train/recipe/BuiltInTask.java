package glia.train.recipe;

import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.run.BatchObjective;
import glia.train.run.LossBatch;
import glia.train.run.Objective;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// A task of [RecipeKeys.Task].
///
/// @param teacher the teacher of a distillation
record BuiltInTask(Recipe recipe, RunData data, Optional<RunTeacher> teacher) implements TaskRun {
    static BuiltInTask open(TaskContext context) throws IOException {
        Recipe recipe = context.recipe();
        RunData data = RunData.read(new RunData.Reader(recipe, context.folder(), context.tokenizer(),
                context.template(), context.model().spec(), context.context()));
        try {
            return new BuiltInTask(recipe, data, recipe.isTask(Task.DISTILL)
                    ? Optional.of(RunTeacher.load(recipe, RunStart.path(recipe, RecipeKeys.TEACHER, context.models()),
                            context.kernels(), context.engine(), context.tokenizer())) : Optional.empty());
        } catch (IOException | RuntimeException e) {
            data.close();
            throw e;
        }
    }

    @Override
    public Objective objective(UnaryOperator<Loss> change) throws CheckpointException {
        int accumulate = Math.toIntExact(recipe.get(RecipeKeys.ACCUMULATE));
        LossBatch.Source training = data.training().with(change);
        return teacher.isPresent() ? teacher.get().objective(recipe, data, training,
                change.apply(RunObjective.crossEntropy(recipe)), accumulate)
                : new BatchObjective(training, accumulate, data.validation(), data.validationBatches());
    }

    @Override
    public long rowsInEpoch() {
        return data.rowsInEpoch();
    }

    @Override
    public long rowsOfUpdate() throws CheckpointException {
        return recipe.get(RecipeKeys.SEQUENCES) * recipe.get(RecipeKeys.ACCUMULATE);
    }

    @Override
    public long tokensInEpoch() {
        return data.tokensInEpoch();
    }

    @Override
    public List<String> notes() {
        return data.notes();
    }

    @Override
    public void close() {
        teacher.ifPresent(RunTeacher::close);
        data.close();
    }
}

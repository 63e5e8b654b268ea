package glia.train.recipe;

import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.run.BatchObjective;
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
        RunData data = RunData.read(context.reader());
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
        return teacher.isPresent() ? teacher.get().objective(recipe, data, change, accumulate)
                : new BatchObjective(data.training().with(change), accumulate, data.validation(),
                        data.validationBatches(), data.accuracy());
    }

    @Override
    public Optional<BatchMemory> batchMemory() {
        BatchMemory memory = data.memory();
        return Optional.of(teacher.isEmpty() ? memory : new BatchMemory(memory.sequences(), memory.length(),
                teacher.get().sizeBytes(), memory.keys()));
    }

    @Override
    public long rowsInEpoch() {
        return data.rowsInEpoch();
    }

    @Override
    public long rowsOfUpdate() throws CheckpointException {
        return data.rowsOfBatch() * recipe.get(RecipeKeys.ACCUMULATE);
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

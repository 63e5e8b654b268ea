package glia.reason.preference.run;

import glia.engine.training.Loss;
import glia.io.CheckpointException;
import glia.tensor.Tensor;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import glia.train.run.Objective;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The data and the objective of a run on preferences.
///
/// @param training micro-batches
/// @param validation micro-batches
/// @param validationBatches how many of them; 0 for no validation
/// @param arePairs whether data are pairs
/// @param rowsInEpoch examples of training
/// @param tokensInEpoch tokens of training
/// @param reference the reference model
/// @param state numbers that checkpoints hold
record PreferenceTask(TaskContext context, PreferenceBatch.Source training, PreferenceBatch.Source validation,
        int validationBatches, boolean arePairs, long rowsInEpoch, long tokensInEpoch, Optional<Reference> reference,
        Map<String, Tensor> state, List<String> notes) implements TaskRun {
    @Override
    public Objective objective(UnaryOperator<Loss> change) throws CheckpointException {
        return new PreferenceObjective(training, Math.toIntExact(context.recipe().get(RecipeKeys.ACCUMULATE)),
                validation, validationBatches, arePairs, change);
    }

    @Override
    public long rowsOfUpdate() throws CheckpointException {
        return Math.min(context.sequences(), rowsInEpoch) * context.recipe().get(RecipeKeys.ACCUMULATE);
    }

    @Override
    public Optional<BatchMemory> batchMemory() throws CheckpointException {
        return Optional.of(BatchMemory.ofLargest(Math.ceilDiv(rowsInEpoch, context.sequences()),
                index -> training.batch(index).tokens(), reference.map(Reference::sizeBytes).orElse(0L)));
    }

    @Override
    public void close() {
        reference.ifPresent(Reference::close);
    }
}

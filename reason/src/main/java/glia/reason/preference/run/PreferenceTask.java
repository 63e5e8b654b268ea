package glia.reason.preference.run;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.reason.preference.ReferenceLogProbs;
import glia.reason.preference.run.PreferenceObjective.PreferenceBatch;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.train.recipe.FrozenModel;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import glia.train.run.Objective;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
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

    /// The reference model of a run: the model before the first update.
    static final class Reference implements AutoCloseable {
        private Optional<FrozenModel> model;

        Reference(FrozenModel model) {
            this.model = Optional.of(model);
        }

        /// Numbers of sequences under the reference model, see [ReferenceLogProbs].
        ///
        /// @throws IllegalStateException if it was closed
        float[] of(TokenBatch batch, Function<Predictions, Value> column) {
            return ReferenceLogProbs.of(model.orElseThrow(()
                    -> new IllegalStateException("the reference model is closed"))
                    .pass(), batch, column);
        }

        /// Bytes that it takes besides the policy.
        long sizeBytes() {
            return model.map(FrozenModel::sizeBytes).orElse(0L);
        }

        @Override
        public void close() {
            model.ifPresent(FrozenModel::close);
            model = Optional.empty();
        }
    }
}

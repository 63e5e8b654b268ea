package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.reason.preference.ReferenceLogProbs;
import glia.tensor.autograd.Value;
import glia.train.recipe.FrozenModel;
import java.util.Optional;
import java.util.function.Function;

/// The reference model of a run: the model before the first update.
final class Reference implements AutoCloseable {
    private Optional<FrozenModel> model;

    Reference(FrozenModel model) {
        this.model = Optional.of(model);
    }

    /// Numbers of sequences under the reference model, see [ReferenceLogProbs].
    ///
    /// @throws IllegalStateException if it was closed
    float[] of(TokenBatch batch, Function<Predictions, Value> column) {
        return ReferenceLogProbs.of(model.orElseThrow(() -> new IllegalStateException("the reference model is closed"))
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

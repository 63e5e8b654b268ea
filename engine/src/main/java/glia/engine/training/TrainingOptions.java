package glia.engine.training;

import glia.model.Model;
import glia.model.spec.Parameter;
import glia.tensor.Precision;
import glia.tensor.ops.Weight;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;

/// How gradients are computed.
///
/// @param trainable which weights want a gradient, by the model that has them
/// @param checkpointSublayers of so many sublayers only the inputs are kept, and the rest is computed again on the way
///     back (activation checkpointing); a layer of attention and MLP is two, 0 keeps everything
/// @param precision `HALF` for products of BF16 numbers with sums in F32, where kernels have them; else exact F32
public record TrainingOptions(Trainable trainable, int checkpointSublayers, Precision precision) {
    /// Which weights of a model want a gradient; the others are frozen and cost none.
    @FunctionalInterface
    public interface Trainable {
        Predicate<Weight> of(Model model);
    }

    public TrainingOptions {
        if (checkpointSublayers < 0) {
            throw new IllegalArgumentException(checkpointSublayers + " sublayers between checkpoints");
        }
    }

    /// All weights; everything is kept; exact.
    public static TrainingOptions defaults() {
        return new TrainingOptions(model -> w -> true, 0, Precision.EXACT);
    }

    /// In another precision.
    public TrainingOptions with(Precision other) {
        return new TrainingOptions(trainable, checkpointSublayers, other);
    }

    /// With activation checkpointing: less memory, more time, the same bits.
    public TrainingOptions withCheckpoints(int sublayers) {
        return new TrainingOptions(trainable, sublayers, precision);
    }

    /// With a choice of weights, such as those of an adapter.
    public TrainingOptions withTrainable(Predicate<Weight> weights) {
        return new TrainingOptions(model -> weights, checkpointSublayers, precision);
    }

    /// With the weights that lie in tensors of these names of the checkpoint.
    public TrainingOptions withTrainableNames(Predicate<String> names) {
        return new TrainingOptions(model -> {
            Set<Weight> chosen = new HashSet<>();
            for (Parameter parameter : model.sources().keySet()) {
                if (names.test(model.storedName(parameter))) {
                    chosen.add(model.weights().get(parameter));
                }
            }
            if (chosen.isEmpty()) {
                throw new IllegalArgumentException("none of the model's tensors has a name that was asked for; one is "
                        + model.sources().keySet().stream().map(model::storedName).findFirst().orElse("none"));
            }
            return chosen::contains;
        }, checkpointSublayers, precision);
    }
}

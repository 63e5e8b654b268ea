package glia.engine.training;

import glia.model.Model;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.tensor.Precision;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.IndexerLoss;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Options of a training pass.
///
/// @param trainable the weights that get a gradient, given the model
/// @param checkpointSublayers activation checkpointing: of each group of so many sublayers only the inputs are kept,
///     and the backward pass recomputes the rest; a layer of attention and MLP is two, 0 keeps everything
/// @param precision `HALF` for mixed precision: BF16 matrix multiplication with F32 accumulation where kernels support
///     it, activations rounded to BF16 and stored as such, everything else F32
/// @param dropout of training; evaluation has none. The masks depend on the seed, the step (`TrainingPass.atStep`), the
///     batch within the step and the place
/// @param linear how the matrices of layers are multiplied
/// @param indexers how the indexers of sparse attention are trained; empty if they learn nothing
public record TrainingOptions(Trainable trainable, int checkpointSublayers, Precision precision,
        DropoutRates dropout, Linear linear, Optional<IndexerTraining> indexers) {
    /// Requires that ranks can share the tokens of a model's sequences.
    ///
    /// @throws IllegalArgumentException if they cannot
    public void requireContextParallel(ModelSpec spec) {
        DividedBatch.require(spec, dropout);
    }

    /// How the matrices of layers are multiplied.
    public enum Linear {
        /// In the precision of the pass.
        PLAIN,
        /// In FP8 as DeepSeek-V3 is trained, emulated: all matrices of the layers but routers. Embeddings, head, norms
        /// and attention stay in the precision of the pass. https://arxiv.org/abs/2412.19437
        FLOAT8
    }

    /// Selects the trainable weights of a model; the others are frozen.
    @FunctionalInterface
    public interface Trainable {
        Predicate<Weight> of(Model model);
    }

    public TrainingOptions {
        if (checkpointSublayers < 0) {
            throw new IllegalArgumentException(checkpointSublayers + " sublayers between checkpoints");
        }
    }

    /// All weights trainable, no checkpointing, F32.
    public static TrainingOptions defaults() {
        return new TrainingOptions(model -> w -> true, 0, Precision.EXACT, DropoutRates.NONE, Linear.PLAIN,
                Optional.empty());
    }

    /// The same options in another precision.
    public TrainingOptions with(Precision other) {
        return new TrainingOptions(trainable, checkpointSublayers, other, dropout, linear, indexers);
    }

    /// The same options with activation checkpointing: less memory, more time, the same bits.
    public TrainingOptions withCheckpoints(int sublayers) {
        return new TrainingOptions(trainable, sublayers, precision, dropout, linear, indexers);
    }

    /// The same options with dropout.
    public TrainingOptions withDropout(DropoutRates rates) {
        return new TrainingOptions(trainable, checkpointSublayers, precision, rates, linear, indexers);
    }

    /// The same options with products of layers in FP8; the rest is in `precision`, which is BF16 for DeepSeek-V3.
    public TrainingOptions withFloat8() {
        return new TrainingOptions(trainable, checkpointSublayers, precision, dropout, Linear.FLOAT8, indexers);
    }

    /// The same options with indexers that learn what the attention reads ([IndexerLoss]).
    public TrainingOptions with(IndexerTraining ofIndexers) {
        return new TrainingOptions(trainable, checkpointSublayers, precision, dropout, linear, Optional.of(ofIndexers));
    }

    /// The same options with these trainable weights, such as those of an adapter.
    public TrainingOptions withTrainable(Predicate<Weight> weights) {
        return new TrainingOptions(model -> weights, checkpointSublayers, precision, dropout, linear, indexers);
    }

    /// The same options with the trainable weights stored in checkpoint tensors of these names.
    public TrainingOptions withTrainableNames(Predicate<String> names) {
        return new TrainingOptions(model -> {
            Set<Weight> chosen = new HashSet<>();
            for (Parameter parameter : model.sources().keySet()) {
                if (names.test(model.storedName(parameter))) {
                    chosen.add(model.weights().get(parameter));
                }
            }
            if (chosen.isEmpty()) {
                throw new IllegalArgumentException("no tensor of the model has one of these names; one of them is "
                        + model.sources().keySet().stream().map(model::storedName).findFirst().orElse("none"));
            }
            return chosen::contains;
        }, checkpointSublayers, precision, dropout, linear, indexers);
    }
}

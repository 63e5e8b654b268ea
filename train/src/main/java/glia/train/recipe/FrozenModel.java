package glia.train.recipe;

import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.Optional;

/// A model that is not trained, such as the reference model of a policy, with a pass for its predictions.
public final class FrozenModel implements AutoCloseable {
    private final Model model;
    private final TrainingPass pass;
    private final boolean isOwned;

    private FrozenModel(Model model, Kernels kernels, TrainingOptions options, boolean isOwned) {
        this.model = model;
        this.isOwned = isOwned;
        pass = TrainingPass.of(model, kernels, new TrainingOptions(m -> w -> false, 0, options.precision(),
                DropoutRates.NONE, options.linear(), Optional.empty()));
    }

    /// Loads a model.
    ///
    /// @param path folder or file
    /// @param options of the precision
    static FrozenModel load(Path path, Kernels kernels, TrainingOptions options) throws CheckpointException {
        return new FrozenModel(ModelLoader.load(path), kernels, options, true);
    }

    /// A model that someone else closes.
    static FrozenModel shared(Model model, Kernels kernels, TrainingOptions options) {
        return new FrozenModel(model, kernels, options, false);
    }

    public Model model() {
        return model;
    }

    /// A pass of the model, for `evaluate`.
    public TrainingPass pass() {
        return pass;
    }

    /// Bytes of its weights, unless they are someone else's, and of its predictions, as far as some were made.
    public long sizeBytes() {
        return pass.sizeBytes() + (isOwned
                ? model.weights().all().values().stream().distinct().mapToLong(Weight::sizeBytes).sum() : 0);
    }

    @Override
    public void close() {
        pass.close();
        if (isOwned) {
            model.close();
        }
    }
}

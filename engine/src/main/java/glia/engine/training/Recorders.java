package glia.engine.training;

import glia.model.Model;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.CountedMemory;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Makes the recorders of a training pass.
///
/// @param counted where memory is only counted
record Recorders(Model model, Kernels kernels, Gradients gradients, Predicate<Weight> trainable,
        TrainingOptions options, Optional<CountedMemory> counted) {
    /// Makes recorders of another model.
    Recorders of(Model other, Predicate<Weight> weights) {
        return new Recorders(other, kernels, gradients, weights, options, counted);
    }

    /// A recorder for losses with gradients.
    Recorder training() {
        Recorder recorder = counted.map(memory -> new Recorder(kernels, gradients, trainable, options.precision(),
                memory)).orElseGet(() -> new Recorder(kernels, gradients, trainable, options.precision()));
        recorder.checkpoint(options.checkpointSublayers());
        if (options.dropout().adapters() > 0) {
            recorder.dropAdapterInputs(adapterPlaces(model));
        }
        prepare(recorder);
        return recorder;
    }

    /// A recorder for losses without gradients.
    Recorder evaluating() {
        Recorder recorder = new Recorder(kernels, gradients, w -> false, options.precision());
        if (prepare(recorder)) {
            // What routers did outlives its layer, without the layer's other memory.
            recorder.checkpoint(1);
        }
        return recorder;
    }

    /// @return whether there are routers
    private boolean prepare(Recorder recorder) {
        options.indexers().ifPresent(training -> {
            requireIndexers(model);
            recorder.trainIndexers(training);
        });
        Set<Weight> routers = Collections.newSetFromMap(new IdentityHashMap<>());
        model.sources().keySet().stream().filter(p -> p.role() == Role.ROUTER).map(model.weights()::get)
                .forEach(routers::add);
        recorder.keepUnrounded(routers::contains);
        recorder.divide(model.dividedProducts());
        if (options.linear() == TrainingOptions.Linear.FLOAT8) {
            Set<Matrix> matrices = layerMatrices(model);
            recorder.useFloat8(matrices::contains);
        }
        return !routers.isEmpty();
    }

    private static void requireIndexers(Model model) {
        if (model.spec().sublayers().stream().noneMatch(s -> s.mixer() instanceof LatentAttention l
                && l.keys() instanceof KeyChoice.Indexed)) {
            throw new IllegalArgumentException("it has no latent attention with an indexer, such as that of "
                    + "deepseek_v32, so there is no indexer to train");
        }
    }

    /// The places of dropout of adapters by their matrix A: numbers that depend on a tensor's name alone. As in PEFT,
    /// lookups of embeddings have none.
    private static Map<Weight, Integer> adapterPlaces(Model model) {
        Map<Weight, Integer> places = new IdentityHashMap<>();
        for (Parameter p : model.sources().keySet()) {
            if (model.weights().get(p) instanceof LowRank adapted && p.role() != Role.EMBEDDING) {
                if (p.role() == Role.HEAD) {
                    throw new IllegalArgumentException("the adapter of " + model.storedName(p) + " has no dropout: "
                            + "logits are computed in parts; leave the head out of the targets, or set dropout to 0");
                }
                places.put(adapted.a(), model.storedName(p).hashCode());
            }
        }
        return places;
    }

    /// The matrices of layers that are multiplied in FP8, by identity.
    private static Set<Matrix> layerMatrices(Model model) {
        Set<Matrix> matrices = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Parameter p : model.sources().keySet()) {
            Weight w = model.weights().get(p);
            while (w instanceof LowRank adapted) {
                w = adapted.base();
            }
            if (p.sublayer() >= 0 && p.role() != Role.ROUTER && w instanceof Weight.Stored stored
                    && stored.tensor().dtype() == DType.F32 && stored.tensor().rank() == 2) {
                matrices.add(stored.tensor());
            }
        }
        if (matrices.isEmpty()) {
            throw new IllegalArgumentException("FP8 training needs F32 weights; load the model with copies");
        }
        return matrices;
    }
}

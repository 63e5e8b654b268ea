package glia.plan.machine;

import glia.engine.load.MachineMemory;
import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.lab.Bench;
import glia.lab.Bench.Rate;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import glia.plan.machine.ModelWork.Sizes;
import glia.plan.predict.Shape;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.util.function.ToDoubleFunction;

/// Predicts the speed of a model from its first layers: as many as fit a budget of bytes and FLOPs are measured with
/// the engine's own kernels, and the time is scaled by what the whole model reads (decode) or computes (prompt).
///
/// A prompt computes; its sample is small. A step of one sequence reads weights, so its sample should be larger than
/// the caches, or be the whole model.
public final class ModelSample {
    /// Tokens of the measured prompt, unless the context is shorter.
    public static final int PROMPT_TOKENS = 512;
    /// Sequences of the batch.
    public static final int STREAMS = 16;
    private static final double MOST_BYTES = 400e6;
    private static final double MOST_OPERATIONS = 60e9;
    /// Tokens in and out of a measurement of the batch, as many as in its context and a burst.
    private static final int POSITION = 96;

    private ModelSample() { }

    /// Predicted speeds in tokens per second.
    ///
    /// @param promptTokens of the prompt
    /// @param prompt of a prompt
    /// @param single of one sequence
    /// @param batched of 16 sequences together
    public record Speeds(int promptTokens, Rate prompt, Rate single, Rate batched) { }

    /// Predicts the speeds of a model whose weights are there.
    ///
    /// @param seconds of the measurement
    /// @throws IllegalArgumentException if the model is an encoder
    public static Speeds of(Model model, Workers workers, double seconds) {
        return of(model, model.spec(), (p, shape) -> model.weights().get(p).sizeBytes(), workers, seconds);
    }

    /// Predicts the speeds of a model without its weights: layers are made with random values.
    ///
    /// @param type of its matrices
    /// @throws IllegalArgumentException if the model is an encoder, or one of its layers is too large
    public static Speeds of(ModelSpec spec, DType type, Workers workers, double seconds) {
        Sizes sizes = sizes(type);
        int layers = layers(spec, MOST_BYTES, part -> ModelWork.all(part, sizes));
        ModelSpec part = first(spec, layers);
        if (ModelWork.all(part, sizes) > MachineMemory.totalBytes() / 8.0) {
            throw new IllegalArgumentException("a layer of " + spec.modelType() + " is too large to be measured here");
        }
        try (Model sample = FreshModel.ofType(part, type, 1)) {
            return of(sample, spec, sizes, workers, seconds);
        }
    }

    /// The bytes of weights of one type.
    static Sizes sizes(DType type) {
        return (p, shape) -> (double) Parameters.size(shape) * type.blockBytes()
                / type.blockElements();
    }

    private static Speeds of(Model model, ModelSpec whole, Sizes sizes, Workers workers, double seconds) {
        Kernels kernels = KernelBackends.choose("best", workers).kernels();
        int tokens = Math.min(PROMPT_TOKENS, whole.contextLength());
        int few = layers(model.spec(), MOST_OPERATIONS, part -> tokens * ModelWork.prompt(part, tokens));
        int many = layers(model.spec(), MOST_BYTES, part -> ModelWork.all(part, sizes));
        Rate[] rates = new Rate[3];
        measure(model, kernels, few, (bench, part) -> {
            rates[0] = scaled(bench.promptWithin(tokens, seconds * 0.35), ModelWork.prompt(part, tokens),
                    ModelWork.prompt(whole, tokens));
            rates[2] = scaled(bench.generateWithin(STREAMS, seconds * 0.4), batch(part, sizes), batch(whole, sizes));
        });
        measure(model, kernels, many, (bench, part) -> rates[1] = scaled(bench.generateWithin(1, seconds * 0.25),
                ModelWork.read(part, 1, sizes), ModelWork.read(whole, 1, sizes)));
        return new Speeds(tokens, rates[0], rates[1], rates[2]);
    }

    /// The cost of a step of the batch: its arithmetic, or with experts, of which a batch chooses more, its reading.
    private static double batch(ModelSpec spec, Sizes sizes) {
        return Shape.of(spec).isSparse() ? ModelWork.read(spec, STREAMS, sizes)
                : ModelWork.step(spec, POSITION);
    }

    private static Rate scaled(Rate rate, double part, double whole) {
        double factor = part / whole;
        return new Rate(rate.median() * factor, rate.min() * factor, rate.max() * factor);
    }

    /// Measures the first layers of a model.
    private interface Measurement {
        void run(Bench bench, ModelSpec part);
    }

    private static void measure(Model model, Kernels kernels, int layers, Measurement measurement) {
        Model part = layers >= model.spec().numLayers() ? model : model.firstLayers(layers);
        try (Engine engine = new Engine(part, kernels, Precision.FAST, MachineMemory.totalBytes() / 8)) {
            measurement.run(new Bench(engine), part.spec());
        }
    }

    /// As many layers as cost no more than a limit, at least one.
    private static int layers(ModelSpec spec, double most, ToDoubleFunction<ModelSpec> cost) {
        int low = 1;
        int high = spec.numLayers();
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (cost.applyAsDouble(first(spec, middle)) <= most) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private static ModelSpec first(ModelSpec spec, int layers) {
        return layers >= spec.numLayers() ? spec : spec.firstLayers(layers);
    }
}

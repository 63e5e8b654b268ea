package glia.model;

import glia.io.Checkpoint;
import glia.io.Config;
import glia.model.block.Decoder;
import glia.model.block.Weights;
import glia.model.layout.Source;
import glia.model.quant.StoredTensors;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// A model over the memory of its checkpoint: what it is, its weights and its decoder. Close it to unmap the files.
public final class Model implements AutoCloseable {
    private final Optional<Path> path;
    private final Optional<Config> config;
    private final ModelSpec spec;
    private final Weights weights;
    private final Weights stored;
    private final Map<Parameter, Source.Stored> names;
    private final Map<Parameter, Source> sources;
    private final Optional<String> otherHead;
    private final Checkpoint checkpoint;
    private final StoredTensors tensors;
    /// The model's own memory; that of another model is closed with that one.
    private final Optional<Arena> copies;
    private final Decoder decoder;

    /// @param config what the model was made from, if no file holds it
    /// @param otherHead the tensor of a head that is one with the embedding, where the file has it all the same
    Model(Optional<Path> path, Optional<Config> config, ModelSpec spec, Weights weights, Map<Parameter, Source> sources,
            Optional<String> otherHead, Checkpoint checkpoint, StoredTensors tensors, Arena copies) {
        this.path = path;
        this.config = config;
        this.spec = spec;
        this.weights = weights;
        this.stored = weights;
        this.sources = Collections.unmodifiableMap(sources);
        this.otherHead = otherHead;
        this.checkpoint = checkpoint;
        this.tensors = tensors;
        this.copies = Optional.of(copies);
        this.names = new LinkedHashMap<>();
        sources.forEach((p, s) -> names.put(p, s.stored()));
        this.decoder = new Decoder(spec, weights);
    }

    private Model(Model other, Weights weights) {
        this.path = other.path;
        this.config = other.config;
        this.spec = other.spec;
        this.weights = weights;
        this.stored = other.stored;
        this.sources = other.sources;
        this.otherHead = other.otherHead;
        this.checkpoint = other.checkpoint;
        this.tensors = other.tensors;
        this.copies = Optional.empty();
        this.names = other.names;
        this.decoder = new Decoder(spec, weights);
    }

    /// Where the model was loaded from, unless it was made from a spec.
    public Optional<Path> path() {
        return path;
    }

    /// The config of a model that no file holds, if it was made from one.
    public Optional<Config> config() {
        return config;
    }

    public ModelSpec spec() {
        return spec;
    }

    public Weights weights() {
        return weights;
    }

    /// The weights that the model was made with: those of the checkpoint, but for the copies that were asked for. They
    /// are the model's own unless it was made by `with`.
    public Weights madeWith() {
        return stored;
    }

    /// The same model with other weights of the same shapes, such as some with adapters. It uses the memory of this
    /// one, which must stay open; to close it does nothing. This one stays as it is: both may be used in turns.
    public Model with(Weights others) {
        return new Model(this, others);
    }

    /// The decoder for sequences as long as the model was made for.
    public Decoder decoder() {
        return decoder;
    }

    /// A decoder over the same weights for sequences of up to `context` positions.
    public Decoder decoder(int context) {
        return context == spec.contextLength() ? decoder : new Decoder(spec, weights, context);
    }

    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /// The checkpoint's tensors under the names that families know.
    public StoredTensors tensors() {
        return tensors;
    }

    /// Where each parameter lies in the checkpoint.
    public Map<Parameter, Source> sources() {
        return sources;
    }

    /// The name of the stored tensor that holds a parameter.
    public String storedName(Parameter parameter) {
        return ModelLoader.resolve(tensors, names.get(parameter));
    }

    /// The tensor of a head that is one with the embedding, where the checkpoint has it all the same.
    public Optional<String> otherHead() {
        return otherHead;
    }

    /// The gradients under the names and in the shapes of the checkpoint, F32, in `arena`; zeros for weights that no
    /// backward pass has reached. Of a weight with an adapter it is that of its base.
    public Map<String, Tensor> gradients(Gradients gradients, Arena arena) {
        Map<String, Tensor> byName = new LinkedHashMap<>();
        sources.forEach((parameter, source) -> {
            Weight w = base(weights.get(parameter));
            String name = storedName(parameter);
            Tensor stored = byName.computeIfAbsent(name, n -> Tensor.allocate(arena, DType.F32,
                    ModelLoader.storedShape(tensors, n)));
            gradients.find(w).ifPresent(g -> source.write(g, stored));
        });
        return byName;
    }

    private static Weight base(Weight w) {
        return w instanceof LowRank adapted ? base(adapted.base()) : w;
    }

    @Override
    public void close() {
        copies.ifPresent(memory -> {
            memory.close();
            checkpoint.close();
        });
    }
}

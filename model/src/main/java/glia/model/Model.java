package glia.model;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.Decoder;
import glia.model.block.Weights;
import glia.model.layout.Source;
import glia.model.quant.StoredTensors;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.RopeChange;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.RankProducts;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// A loaded model: spec, weights and decoder. Weights may be views of mapped files; `close` unmaps them.
public final class Model implements AutoCloseable {
    private final Optional<Path> path;
    private final Optional<Config> config;
    private final ModelSpec spec;
    private final Optional<RopeChange> rope;
    private final Weights weights;
    private final Weights stored;
    private final Map<Parameter, Source.Stored> names;
    private final Map<Parameter, Source> sources;
    private final Optional<String> otherHead;
    private final Function<ModelSpec, Source> headSource;
    private final Checkpoint checkpoint;
    private final StoredTensors tensors;
    /// The memory that this model owns; empty for a view of another model.
    private final Optional<Arena> copies;
    private final Decoder decoder;
    /// Of a rank's part of a model, the weights that are computed with other ranks.
    private RankProducts products = RankProducts.NONE;

    /// @param config the config of a model that was created, or loaded with a new head
    /// @param otherHead the stored copy of a tied head, if the file has one
    /// @param headSource the source of a head that is not tied, given the spec
    Model(Optional<Path> path, Optional<Config> config, ModelSpec spec, Weights weights, Map<Parameter, Source> sources,
            Optional<String> otherHead, Function<ModelSpec, Source> headSource, Checkpoint checkpoint,
            StoredTensors tensors, Arena copies) {
        this.path = path;
        this.config = config;
        this.spec = spec;
        this.rope = Optional.empty();
        this.weights = weights;
        this.stored = weights;
        this.sources = Collections.unmodifiableMap(sources);
        this.otherHead = otherHead;
        this.headSource = headSource;
        this.checkpoint = checkpoint;
        this.tensors = tensors;
        this.copies = Optional.of(copies);
        this.names = new LinkedHashMap<>();
        sources.forEach((p, s) -> names.put(p, s.stored()));
        this.decoder = new Decoder(spec, weights);
    }

    private Model(Model other, ModelSpec spec, Map<Parameter, Source> sources, Weights stored, Weights weights) {
        this(other, spec, other.rope, sources, stored, weights);
    }

    private Model(Model other, ModelSpec spec, Optional<RopeChange> rope, Map<Parameter, Source> sources,
            Weights stored, Weights weights) {
        this.path = other.path;
        this.config = other.config;
        this.spec = spec;
        this.rope = rope;
        this.weights = weights;
        this.stored = stored;
        this.sources = Collections.unmodifiableMap(sources);
        this.otherHead = other.otherHead;
        this.headSource = other.headSource;
        this.checkpoint = other.checkpoint;
        this.tensors = other.tensors;
        this.copies = Optional.empty();
        this.names = new LinkedHashMap<>();
        sources.forEach((p, s) -> names.put(p, s.stored()));
        this.decoder = new Decoder(spec, weights);
    }

    /// The path that the model was loaded from; empty if it was created.
    public Optional<Path> path() {
        return path;
    }

    /// The config of a model that was created from one, or loaded with a new head.
    public Optional<Config> config() {
        return config;
    }

    public ModelSpec spec() {
        return spec;
    }

    public Weights weights() {
        return weights;
    }

    /// The weights at loading: those of the checkpoint, or F32 copies for training. Equal to `weights()` unless the
    /// model was made by `with`.
    public Weights madeWith() {
        return stored;
    }

    /// A view of this model with other weights of the same shapes, such as adapted ones. It uses this model's memory,
    /// so this model must stay open; closing the view does nothing. Both can be used alternately.
    public Model with(Weights others) {
        return new Model(this, spec, sources, stored, others);
    }

    /// A view of this model with another scaling of its rotary positions.
    ///
    /// @throws IllegalArgumentException if the model cannot have it
    public Model with(RopeChange change) {
        return new Model(this, change.apply(spec), Optional.of(change), sources, stored, weights);
    }

    /// The scaling of rotary positions that the files of the model do not have, if it was made `with` one.
    public Optional<RopeChange> ropeChange() {
        return rope;
    }

    /// This rank's part of this model, a view of it, of which all ranks together have all. Engines of it compute
    /// together with those of the other ranks, all the same passes, and get the same logits. Not for training.
    ///
    /// @throws IllegalArgumentException if so many ranks cannot divide it so
    public Model divided(Division division, RankGroup ranks) {
        return division.of(this, ranks);
    }

    /// This rank's part of this model for training, a view of it. Each weight of the part is an F32 range of the memory
    /// of a weight of this model. A matrix whose columns are divided (`dividedProducts().sums()`) is read as if it held
    /// the columns of the eight parts one after the other, `[rows, columns of the part]` each: the caller puts them in
    /// this order.
    ///
    /// @param isSequence whether each rank has some rows of the residual stream, too (sequence parallelism,
    ///     https://arxiv.org/abs/2205.05198)
    /// @throws IllegalArgumentException if there are not 1, 2, 4 or 8 ranks, or weights are not F32 in memory
    public Model dividedForTraining(RankGroup ranks, boolean isSequence) {
        return TensorParallel.of(this, ranks, true, isSequence);
    }

    Model divided(ModelSpec own, Weights parts, RankProducts sums) {
        Model view = new Model(this, own, sources, stored, parts);
        view.products = sums;
        return view;
    }

    /// A view of this model that ranks compute together.
    public Model with(RankProducts ofRanks) {
        return divided(spec, weights, ofRanks);
    }

    /// Of a rank's part of a model, the weights that are computed with other ranks.
    public RankProducts dividedProducts() {
        return products;
    }

    /// A view of this model in which a tied head is a parameter of its own, with the same weight as the embedding until
    /// `with` gives it another. A model without a tied head is returned as it is.
    public Model untied() {
        if (spec.head().matrix() != Head.Matrix.TIED) {
            return this;
        }
        Parameter head = Parameter.of(Role.HEAD);
        ModelSpec separate = spec.withHead(spec.head().with(Head.Matrix.SEPARATE));
        Map<Parameter, Source> more = new LinkedHashMap<>(sources);
        more.put(head, otherHead.<Source>map(Source.Stored::new).orElseGet(() -> headSource.apply(separate)));
        return new Model(this, separate, more, withHead(stored), withHead(weights));
    }

    /// A view of this model's first layers with its final norm and head: early exit
    /// ([LayerSkip](https://arxiv.org/abs/2404.16710)).
    ///
    /// @throws IllegalArgumentException if the model has no more layers than `count`, or an encoder
    public Model firstLayers(int count) {
        return new Model(this, spec.firstLayers(count), sources, stored, weights);
    }

    private static Weights withHead(Weights tied) {
        Map<Parameter, Weight> all = new HashMap<>(tied.all());
        all.put(Parameter.of(Role.HEAD), tied.get(Parameter.of(Role.EMBEDDING)));
        return new Weights(all);
    }

    /// The decoder for the model's context length.
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

    /// The checkpoint's tensors; quantized weights appear as one tensor each.
    public StoredTensors tensors() {
        return tensors;
    }

    /// The source of each parameter.
    public Map<Parameter, Source> sources() {
        return sources;
    }

    /// The name of the stored tensor that holds a parameter.
    public String storedName(Parameter parameter) {
        return ModelLoader.resolve(tensors, names.get(parameter));
    }

    /// Whether a parameter belongs to a new head (`NewHead`) and the files of the model lack it.
    public boolean isNew(Parameter parameter) {
        return checkpoint instanceof ReplacedTensors replaced && replaced.isAdded(storedName(parameter));
    }

    /// The name of the stored copy of a tied head, if the checkpoint has one.
    public Optional<String> otherHead() {
        return otherHead;
    }

    /// The gradients under the names and in the shapes of the checkpoint, F32, in `arena`; zeros for weights without a
    /// gradient. For a weight with an adapter it is the gradient of the base.
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

    /// Frees the memory of the weights; a second call has no effect.
    @Override
    public void close() {
        copies.filter(memory -> memory.scope().isAlive()).ifPresent(memory -> {
            memory.close();
            checkpoint.close();
        });
    }

    /// A checkpoint without some of its tensors and with others in memory.
    static final class ReplacedTensors implements Checkpoint {
        private final Checkpoint base;
        private final Map<String, Tensor> added;
        private final Set<String> names;

        ReplacedTensors(Checkpoint base, Set<String> removed, Map<String, Tensor> added) {
            this.base = base;
            this.added = added;
            Set<String> all = new LinkedHashSet<>(base.names());
            all.removeAll(removed);
            all.addAll(added.keySet());
            names = Collections.unmodifiableSet(all);
        }

        /// Whether a tensor is one of those in memory.
        boolean isAdded(String name) {
            return added.containsKey(name);
        }

        @Override
        public Set<String> names() {
            return names;
        }

        @Override
        public Tensor tensor(String name) throws CheckpointException {
            return added.containsKey(name) ? added.get(name) : base.tensor(name);
        }

        @Override
        public long sizeBytes() {
            return base.sizeBytes();
        }

        @Override
        public List<Source> sources() {
            return base.sources();
        }

        @Override
        public void close() {
            base.close();
        }
    }
}

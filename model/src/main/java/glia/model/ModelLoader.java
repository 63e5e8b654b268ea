package glia.model;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.gguf.GgufCheckpoint;
import glia.io.load.Checkpoints;
import glia.io.load.ConsolidatedCheckpoint;
import glia.model.block.Weights;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.family.Mmproj;
import glia.model.family.SequenceClassifier;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.quant.PackedTensor;
import glia.model.quant.StoredTensors;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.ops.Weight;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/// Loads checkpoints: selects the family, reads the spec and binds tensors to parameters. Matrices stay memory-mapped;
/// vectors are converted to F32.
public final class ModelLoader {
    private final Path path;
    private final Arena copies = Arena.ofShared();
    private final Predicate<Parameter> copied;
    private Checkpoint checkpoint;
    private StoredTensors tensors;

    private ModelLoader(Path path, Checkpoint checkpoint, Predicate<Parameter> copied) {
        this.path = path;
        this.copied = copied;
        this.checkpoint = checkpoint;
        this.tensors = StoredTensors.plain(checkpoint);
    }

    /// Loads a folder in the hub's layout or a GGUF file.
    ///
    /// @throws CheckpointException if the files are invalid, the family is not supported, or tensors are missing,
    ///     unexpected or of other shapes than in the config
    public static Model load(Path path) throws CheckpointException {
        return load(path, Checkpoints.open(path));
    }

    /// Loads a model to be trained.
    ///
    /// @param copied selects the trainable parameters, which are copied to memory as F32 (`Weight.Stored`); the others
    ///     stay memory-mapped
    public static Model load(Path path, Predicate<Parameter> copied) throws CheckpointException {
        return load(path, Checkpoints.open(path), copied);
    }

    /// Loads the body of a model with a new classification head instead of its head, to be trained. Of a head's tensors
    /// those that the checkpoint has are kept, such as BERT's pooler. `ModelWriter` writes the classifier with its
    /// config.
    ///
    /// @param path a folder in the hub's layout
    /// @param copied selects the trainable parameters (see `load`)
    /// @throws CheckpointException as `load`, and if the path is a GGUF file or config.json names neither a class of
    ///     models nor a model type
    public static Model load(Path path, NewHead head, Predicate<Parameter> copied) throws CheckpointException {
        return load(path, Checkpoints.open(path), copied, Optional.of(head), true);
    }

    /// Loads the model of an open checkpoint with a new classification head unless it is a classifier already. The
    /// model owns the checkpoint from now on; if loading fails, it is closed.
    ///
    /// @throws CheckpointException as `load` with a new head
    public static Model load(Path path, Checkpoint checkpoint, NewHead head) throws CheckpointException {
        return load(path, checkpoint, p -> false, Optional.of(head), false);
    }

    /// Loads the model of an open checkpoint, which the model owns from now on; if loading fails, it is closed.
    ///
    /// @param path the path of the checkpoint
    public static Model load(Path path, Checkpoint checkpoint) throws CheckpointException {
        return load(path, checkpoint, p -> false);
    }

    private static Model load(Path path, Checkpoint checkpoint, Predicate<Parameter> copied)
            throws CheckpointException {
        return load(path, checkpoint, copied, Optional.empty(), false);
    }

    /// @param replaces whether the head of a classifier is replaced
    private static Model load(Path path, Checkpoint checkpoint, Predicate<Parameter> copied, Optional<NewHead> head,
            boolean replaces) throws CheckpointException {
        ModelLoader loader = new ModelLoader(path, checkpoint, copied);
        try {
            if (head.isPresent() && (replaces || checkpoint instanceof GgufCheckpoint
                    || !SequenceClassifier.describes(loader.config()))) {
                return loader.hub(head.get());
            }
            return checkpoint instanceof GgufCheckpoint gguf ? loader.gguf(gguf) : loader.hub();
        } catch (IllegalArgumentException | ArithmeticException e) {
            loader.abandon();
            throw new CheckpointException(path, "", "does not describe a model: " + e.getMessage(), e);
        } catch (Throwable e) {
            loader.abandon();
            throw e;
        }
    }

    private void abandon() {
        copies.close();
        checkpoint.close();
    }

    private Model hub() throws CheckpointException {
        Config config = config();
        Family family = Families.of(config);
        tensors = StoredTensors.of(path, checkpoint, config);
        TensorNames names = new TensorNames.Hub(family);
        ModelSpec spec = Families.spec(config, tensors.names());
        return bind(isBody(spec, names) ? spec.withHead(Head.ABSENT) : spec, names,
                checkpoint instanceof ConsolidatedCheckpoint ? Optional.of(config) : Optional.empty());
    }

    /// Whether the file holds a model without the head that the config has: names are those of a class without one.
    private boolean isBody(ModelSpec spec, TensorNames names) {
        return spec.head().matrix() == Head.Matrix.SEPARATE && spec.head().predictsTokens()
                && names.of(spec, Parameter.of(Role.HEAD)).stored().names().stream()
                        .noneMatch(tensors.names()::contains)
                && names.of(spec, Parameter.of(Role.EMBEDDING)).stored().names().getFirst()
                        .startsWith(TensorNames.PREFIX)
                && tensors.names().stream().noneMatch(name -> name.startsWith(TensorNames.PREFIX));
    }

    private Config config() throws CheckpointException {
        if (checkpoint instanceof ConsolidatedCheckpoint own) {
            return own.config();
        }
        return Config.read(Folders.ofModel(path).resolve("config.json"));
    }

    private Model hub(NewHead head) throws CheckpointException {
        if (checkpoint instanceof GgufCheckpoint) {
            throw new CheckpointException(path, "", "is a GGUF file, which cannot get a classification head; expected "
                    + "a folder in the hub's layout (glia convert makes one)");
        }
        Config old = config();
        Config config = SequenceClassifier.config(old, head.labels());
        Family family = Families.of(config);
        tensors = StoredTensors.of(path, checkpoint, config);
        ModelSpec spec = Families.spec(config, tensors.names());
        Set<String> unused = unused(old, name -> family.ignores(spec, name));
        Parameters.forEach(spec, (p, shape) -> unused.remove(resolve(tensors, family.source(spec, p).stored())));
        checkpoint = new Model.ReplacedTensors(checkpoint, unused, initial(spec, family, head.seed()));
        tensors = StoredTensors.of(path, checkpoint, config);
        return bind(spec, new TensorNames.Hub(family), Optional.of(config));
    }

    /// The tensors of a model that a classifier has no use for: those of its head and of multi-token-prediction layers,
    /// and those that only the model ignores.
    private Set<String> unused(Config old, Predicate<String> ignored) throws CheckpointException {
        Family family = Families.of(old);
        ModelSpec spec = Families.spec(old, tensors.names());
        Set<String> names = new LinkedHashSet<>(tensors.names());
        names.removeIf(name -> !family.ignores(spec, name) || ignored.test(name));
        Parameters.forEach(spec, (p, shape) -> {
            boolean isDraft = p.sublayer() >= spec.sublayers().size();
            if (isDraft || SequenceClassifier.isHead(p)) {
                names.add(resolve(tensors, family.source(spec, p).in(tensors.names()).stored()));
            }
        });
        if (spec.head().matrix() == Head.Matrix.TIED) {
            names.add(resolve(tensors, family.source(spec, Parameter.of(Role.HEAD)).stored()));
        }
        return names;
    }

    /// Initial values for the parameters of a head that the checkpoint does not have.
    private Map<String, Tensor> initial(ModelSpec spec, Family family, long seed) {
        Map<String, Tensor> made = new LinkedHashMap<>();
        InitialValues values = new InitialValues(spec, new Initialization.Scaled(), new SplittableRandom(seed));
        Parameters.forEach(spec, (p, shape) -> {
            if (SequenceClassifier.isHead(p)) {
                String name = resolve(tensors, family.source(spec, p).stored());
                if (!tensors.names().contains(name)) {
                    Tensor t = Tensor.allocate(copies, DType.F32, shape);
                    values.fill(p, t);
                    made.put(name, t);
                }
            }
        });
        return made;
    }

    private Model gguf(GgufCheckpoint file) throws CheckpointException {
        if (file.metadata().has("adapter.type")) {
            throw new CheckpointException(path, "metadata key general.type", "found an adapter, expected a model; give "
                    + "the adapter to its base: MODEL --adapter " + path);
        }
        GgufForm form = Families.ofGguf(file.metadata());
        Map<String, Object> described = form.config(file.metadata(), file);
        // An architecture may stand for several families: `llama` for Llama, Mistral and Mixtral.
        ModelSpec text = form.stored(Families.spec(Config.of(path, described)), file);
        Optional<Mmproj.Encoded> whole = Mmproj.joined(file, described, text, copies);
        file.addLists(form::isList, text.numLayers(), copies);
        tensors = StoredTensors.gguf(path, file);
        return whole.isEmpty() ? bind(text, new TensorNames.Gguf(form), Optional.empty()) : bind(whole.get().spec(),
                new TensorNames.Gguf(whole.get().encoder().joined(form)), Optional.of(whole.get().config()));
    }

    private Model bind(ModelSpec declared, TensorNames names, Optional<Config> config) throws CheckpointException {
        ModelSpec spec = untieIfDifferent(declared, names);
        Map<Parameter, Source> sources = new LinkedHashMap<>();
        Map<Parameter, Weight> weights = new HashMap<>();
        Map<Source, Tensor> made = new HashMap<>();
        Set<String> left = new LinkedHashSet<>(tensors.names());
        try {
            // One by one: the first parameter that the file does not hold ends it, so that no count of a config costs
            // more than the file is large.
            Parameters.forEach(spec, (parameter, shape) -> {
                Source source = names.of(spec, parameter).in(tensors.names());
                String name = resolve(tensors, source.stored());
                Source fitted = !tensors.names().contains(name) ? source : names instanceof TensorNames.Gguf
                        ? withoutOnes(source, name, shape) : source.fitting(storedShape(tensors, name));
                weights.put(parameter, weight(parameter, fitted, name, shape, made));
                left.remove(name);
                sources.put(parameter, fitted);
            });
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CheckpointException refused) {
                throw refused;
            }
            throw e;
        }
        Optional<String> otherHead = Optional.empty();
        if (spec.head().matrix() == Head.Matrix.TIED) {
            String head = resolve(tensors, names.of(spec, Parameter.of(Role.HEAD)).stored());
            otherHead = left.remove(head) ? Optional.of(head) : otherHead;
        }
        left.removeIf(name -> names.ignores(spec, name));
        refuse(spec, left);
        return new Model(Optional.of(path), config, spec, new Weights(weights), sources, otherHead,
                separate -> names.of(separate, Parameter.of(Role.HEAD)), checkpoint, tensors, copies);
    }

    /// In GGUF files outer dimensions of 1 mean nothing: a vector may have the shape `[1,E]`.
    private Source withoutOnes(Source source, String name, long[] declared) {
        if (!(source instanceof Source.Stored) || tensors.packed(name).isPresent()) {
            return source;
        }
        long[] stored = storedShape(tensors, name);
        int more = stored.length - declared.length;
        boolean same = more > 0 && Arrays.stream(stored, 0, more).allMatch(n -> n == 1)
                && Arrays.equals(stored, more, stored.length, declared, 0, declared.length);
        return same ? new Source.Shaped(source, Arrays.stream(declared).boxed().toList(),
                Arrays.stream(stored).boxed().toList()) : source;
    }

    private Weight weight(Parameter parameter, Source source, String name, long[] declared, Map<Source, Tensor> made) {
        Optional<PackedTensor> packed = tensors.packed(name);
        try {
            return packed.isPresent() ? coded(parameter, source, name, packed.get(), declared)
                    : stored(parameter, source, name, declared, made);
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Weight coded(Parameter parameter, Source source, String name, PackedTensor stored, long[] declared)
            throws CheckpointException {
        try {
            PackedTensor packed = source.read(stored);
            requireShape(parameter, name, packed.shape(), declared);
            Weight coded = new Weight.Quantized(packed.matrix());
            return copied.test(parameter) ? new Weight.Stored(coded.toF32(copies)) : coded;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new CheckpointException(path, name, stored + " cannot hold " + parameter + ": " + e.getMessage(), e);
        }
    }

    private void requireShape(Parameter parameter, String name, long[] shape, long[] declared)
            throws CheckpointException {
        if (!Arrays.equals(shape, declared)) {
            throw new CheckpointException(path, name, "as " + parameter + " it has shape " + Arrays.toString(shape)
                    + ", the config says " + Arrays.toString(declared));
        }
    }

    private Weight stored(Parameter parameter, Source source, String name, long[] declared, Map<Source, Tensor> made)
            throws CheckpointException {
        Tensor stored = checkpoint.tensor(name);
        try {
            boolean isTable = parameter.role() == Role.ROUTER_TABLE && stored.dtype() == DType.I64;
            if (!stored.dtype().isReal() && !isTable) {
                throw new IllegalArgumentException("weights are real numbers");
            }
            long[] shape = source.shape(stored.shape());
            requireShape(parameter, name, shape, declared);
            if (isTable) {
                return new Weight.Stored(Decode.integers(source.read(stored, copies, made), copies));
            }
            if (copied.test(parameter)) {
                try (Arena scratch = Arena.ofShared()) {
                    return new Weight.Stored(Decode.widen(source.read(stored, scratch, new HashMap<>()), copies));
                }
            }
            if (parameter.expert() >= 0 && shape.length > 1 && !source.isView()) {
                return new Weight.Deferred(stored.dtype(), Math.toIntExact(shape[0]), Math.toIntExact(shape[1]),
                        stored, copy(source, stored, made));
            }
            Tensor tensor = source.read(stored, copies, made);
            return new Weight.Stored(tensor.rank() == 1 ? widen(tensor) : tensor);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new CheckpointException(path, name, stored + " cannot hold " + parameter + ": " + e.getMessage(), e);
        }
    }

    /// Creates the copy of an expert's matrix at first use.
    private Weight.Deferred.Maker copy(Source source, Tensor stored, Map<Source, Tensor> made) {
        return new Weight.Deferred.Maker() {
            @Override
            public Tensor make() {
                return source.read(stored, copies, made);
            }

            @Override
            public Tensor rebuild(Arena arena) {
                return source.read(stored, arena, new HashMap<>());
            }
        };
    }

    /// A head in the file that differs from the embedding is used even if the config ties them, as in Hugging Face
    /// Transformers.
    private ModelSpec untieIfDifferent(ModelSpec spec, TensorNames names) throws CheckpointException {
        if (spec.head().matrix() != Head.Matrix.TIED) {
            return spec;
        }
        String head = resolve(tensors, names.of(spec, Parameter.of(Role.HEAD)).stored());
        if (!tensors.names().contains(head)) {
            return spec;
        }
        String table = resolve(tensors, names.of(spec, Parameter.of(Role.EMBEDDING)).stored());
        if (tensors.packed(head).isPresent() || tensors.packed(table).isPresent()) {
            return spec.withHead(spec.head().with(Head.Matrix.SEPARATE));
        }
        Tensor embedding = checkpoint.tensor(table);
        Tensor other = checkpoint.tensor(head);
        boolean same = embedding.dtype() == other.dtype() && embedding.memory().mismatch(other.memory()) == -1;
        return same ? spec : spec.withHead(spec.head().with(Head.Matrix.SEPARATE));
    }

    private Tensor widen(Tensor vector) {
        return vector.dtype() == DType.F32 && vector.address() % 4 == 0 ? vector : Decode.widen(vector, copies);
    }

    /// Tensors without a parameter mean that config and weights do not belong together.
    private void refuse(ModelSpec spec, Set<String> left) throws CheckpointException {
        List<String> unknown = new ArrayList<>(left);
        unknown.removeIf(name -> name.endsWith("rotary_emb.inv_freq") || name.endsWith(".attn.bias")
                || name.endsWith(".attn.masked_bias") || name.startsWith("rope_freqs")
                || name.startsWith("rope_factors_"));
        if (!unknown.isEmpty()) {
            throw new CheckpointException(path, unknown.getFirst(), "the family '" + spec.modelType()
                    + "' as configured has no place for " + (unknown.size() == 1 ? "this tensor" : "this and "
                    + (unknown.size() - 1) + " more tensors") + "; does config.json belong to these weights?");
        }
    }

    /// The first of several names that exists in the checkpoint, else the first.
    static String resolve(StoredTensors tensors, Source.Stored stored) {
        return stored.names().stream().filter(tensors.names()::contains).findFirst()
                .orElse(stored.names().getFirst());
    }

    static long[] storedShape(StoredTensors tensors, String name) {
        try {
            return tensors.shape(name);
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }
}

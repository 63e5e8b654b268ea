package glia.model.write;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.family.Mmproj;
import glia.model.layout.GgufForm;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.GgufVocabulary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Writes models as GGUF files. The metadata is read back and compared with the model before a file is written;
/// anything that GGUF cannot express is an error, so the file always describes the same model.
public final class GgufModelWriter {
    /// The types that all matrices of a file can have.
    /// The key of the JSON of [#SCOPE_FILE].
    public static final String SCOPE_KEY = "glia.scope";
    /// The file of a model's folder that says what the model can do.
    public static final String SCOPE_FILE = "scope.json";

    private static final Set<DType> TYPES = Set.of(DType.F32, DType.F16, DType.BF16, DType.Q4_0, DType.Q4_1,
            DType.Q5_0, DType.Q5_1, DType.Q8_0, DType.Q2_K, DType.Q3_K, DType.Q4_K, DType.Q5_K, DType.Q6_K,
            DType.MXFP4, DType.IQ4_NL, DType.IQ4_XS);
    /// Types that matrices keep; block types come from quantized weights.
    private static final Set<DType> KEPT = Set.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0, DType.Q4_0,
            DType.MXFP4);
    private static final long MILLIS_BETWEEN_WORDS = 100;
    /// The version of ggml's block formats.
    private static final int QUANTIZATION_VERSION = 2;
    private static final String NO_VOCABULARY = "no_vocab";

    private final Model model;
    private final Weights weights;
    private final Path file;
    private final GgufForm form;

    private GgufModelWriter(Model model, Weights weights, Path file, GgufForm form) {
        this.model = model;
        this.weights = weights;
        this.file = file;
        this.form = form;
    }

    /// Writes or replaces a file.
    ///
    /// @param type type of matrices; vectors and routers are always F32. By default matrices keep their type, or become
    ///     F32 if it cannot hold their values
    /// @throws CheckpointException if GGUF has no architecture for the family or no key for a property of the model, or
    ///     if the file cannot be written
    public static void write(Model model, Path file, Optional<DType> type) throws CheckpointException {
        write(model, model.weights(), file, type, Progress.NONE, IfExists.REPLACE);
    }

    /// The same with other weights of the same shapes.
    ///
    /// @param ifExists whether an existing file is replaced
    public static void write(Model model, Weights weights, Path file, Optional<DType> type, Progress progress,
            IfExists ifExists) throws CheckpointException {
        if (type.isPresent() && !TYPES.contains(type.get())) {
            throw new CheckpointException(file, "", "cannot be written: matrices of a GGUF file cannot become "
                    + type.get());
        }
        write(model, weights, file, type.map(MatrixTypes::all), ImportanceMatrix.NONE, progress, ifExists);
    }

    /// The same with a choice of types for each matrix.
    ///
    /// @param types the types; by default matrices keep theirs
    /// @param importance weights of the errors of quantization
    public static void write(Model model, Weights weights, Path file, Optional<? extends MatrixTypes> types,
            ImportanceMatrix importance, Progress progress, IfExists ifExists) throws CheckpointException {
        OutputPath.requireOther(model.path(), file);
        try (Workers workers = new Workers(types.isPresent() ? Runtime.getRuntime().availableProcessors() : 1)) {
            TypeCast cast = new TypeCast(Optional.of(workers), importance);
            write(model, weights, file, types, cast, progress, ifExists);
        }
    }

    private static void write(Model model, Weights weights, Path file, Optional<? extends MatrixTypes> types,
            TypeCast cast, Progress progress, IfExists ifExists) throws CheckpointException {
        if (model.checkpoint() instanceof GgufCheckpoint gguf) {
            copy(model, gguf, weights, file, types, cast, progress, ifExists);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            GgufForm form = form(model, file);
            new GgufModelWriter(model, weights, file, form).write(types, cast, progress, ifExists, arena);
            Optional<Mmproj> encoder = MmprojWriter.of(model);
            if (encoder.isPresent()) {
                MmprojWriter.write(model, encoder.get(), weights, MmprojWriter.beside(file),
                        types.flatMap(MatrixTypes::common), ifExists);
            }
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "", "cannot be written: " + e.getMessage(), e);
        }
    }

    /// The form in which a model is written.
    static GgufForm form(Model model, Path file) throws CheckpointException {
        String family = model.spec().modelType();
        return Families.ofModelType(family).flatMap(Family::gguf)
                .filter(f -> f.metadata(model.spec().text()).isPresent())
                .orElseThrow(() -> new CheckpointException(file, "", "cannot be written: the family '" + family
                        + "' has no form in GGUF files that Glia writes"));
    }

    /// The layout of a model in its file.
    ///
    /// @param held the part of the model that the file holds
    static ModelSpec planned(Model model, Path file, GgufForm form, ModelSpec held) throws CheckpointException {
        try (Arena arena = Arena.ofConfined()) {
            return new GgufModelWriter(model, model.weights(), file, form).readBack(held,
                    GgufMetadata.of(file, form.metadata(held).orElseThrow()), form.further(held), arena);
        }
    }

    private void write(Optional<? extends MatrixTypes> types, TypeCast cast, Progress progress, IfExists ifExists,
            Arena arena) throws CheckpointException {
        ModelSpec from = form.held(model.spec().text().withDrafts(List.of()));
        Map<String, Object> metadata = metadata(from, types);
        Map<String, float[]> further = form.further(from);
        ModelSpec to = readBack(from, GgufMetadata.of(file, metadata), further, arena);
        if (from.head().classes().isPresent() && to.head().classes().isEmpty()) {
            throw new CheckpointException(file, "", "cannot be written: GGUF files of classifiers of the family '"
                    + from.modelType() + "' are not supported; write a folder in the hub's layout");
        }
        Optional<String> difference = SpecDifference.find(LayoutConversions.of(from, to), to);
        if (difference.isPresent()) {
            throw new CheckpointException(file, "", "cannot be written: a GGUF file of the architecture '"
                    + metadata.get("general.architecture") + "' has no key for what this model needs: "
                    + difference.get() + " as the file would say");
        }
        HubFolder.Places places = HubFolder.Places.of(to, form::source);
        LayoutConversion conversion = new LayoutConversion(from, to, weights);
        TypeCast named = new TypeCast(cast.workers(), cast.importance().named(
                p -> places.sources().get(p).stored().names().getFirst(), conversion::columns));
        MatrixTypes.ByName chosen = types.isEmpty() ? name -> Optional.empty()
                : types.get().in(GgufMetadata.of(file, metadata), places.shapes());
        StoredAs tensors = new StoredAs(places, conversion, chosen, named, KEPT, GgufModelWriter::isNarrow);
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        if (folder().isPresent()) {
            SentenceTransformerKeys.tensors(folder().get(), metadata, from.hiddenSize(), model.checkpoint(), arena)
                    .forEach((name, tensor) -> contents.put(name, TensorContent.of(tensor)));
        }
        further.forEach((name, numbers) -> contents.put(name,
                TensorContent.of(Tensor.of(arena, numbers, numbers.length))));
        for (String name : places.names()) {
            TensorContent content = tensors.content(name);
            if (form.isList(name)) {
                metadata.put(name, content.make().apply(arena).toArray());
            } else {
                contents.put(name, content);
            }
        }
        form.unused(from).forEach((name, shape) -> {
            DType type = shape.length > 1 ? DType.F16 : DType.F32;
            contents.put(name, new TensorContent(type, shape, scratch -> Tensor.allocate(scratch, type, shape)));
        });
        write(file, metadata, contents, progress, ifExists);
    }

    private ModelSpec readBack(ModelSpec from, GgufMetadata metadata, Map<String, float[]> further, Arena arena)
            throws CheckpointException {
        HubFolder.Places places = HubFolder.Places.of(form.written(from), form::source);
        PlannedFile planned = new PlannedFile(file, places, further, arena);
        Config config = Config.of(file, form.config(metadata, planned));
        ModelSpec spec = Families.spec(config);
        return form.stored(spec, planned);
    }

    private Map<String, Object> metadata(ModelSpec from, Optional<? extends MatrixTypes> types)
            throws CheckpointException {
        Map<String, Object> metadata = new LinkedHashMap<>(form.metadata(from).orElseThrow());
        MmprojWriter.adapt(model, metadata);
        metadata.put("general.name", name());
        fileType(metadata, types.isPresent() ? types.get().fileType() : QuantizationMix.fileType(commonType()));
        Map<String, Object> vocabulary = vocabulary(from.vocabSize());
        metadata.putAll(vocabulary.isEmpty() ? Map.of("tokenizer.ggml.model", NO_VOCABULARY) : vocabulary);
        Optional<Path> folder = folder();
        if (folder.isPresent()) {
            metadata.putAll(SamplingKeys.metadata(folder.get()));
            scope(folder.get().resolve(SCOPE_FILE)).ifPresent(json -> metadata.put(SCOPE_KEY, json));
            metadata.putAll(SentenceTransformerKeys.metadata(folder.get(),
                    (String) metadata.get("general.architecture")));
        }
        return metadata;
    }

    private static Optional<String> scope(Path file) throws CheckpointException {
        try {
            return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    private static void fileType(Map<String, Object> metadata, int type) {
        metadata.put("general.file_type", type);
        metadata.put("general.quantization_version", QUANTIZATION_VERSION);
    }

    /// The folder of the model's files.
    private Optional<Path> folder() {
        return model.path().map(Folders::ofModel);
    }

    private Map<String, Object> vocabulary(int size) throws CheckpointException {
        if (folder().isEmpty()) {
            return Map.of();
        }
        Path folder = folder().get();
        try {
            Map<String, Object> vocabulary = new LinkedHashMap<>(GgufVocabulary.of(folder, size));
            if (!vocabulary.isEmpty()) {
                ChatTemplate.find(folder).ifPresent(t -> vocabulary.put("tokenizer.chat_template", t.source()));
            }
            return vocabulary;
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(folder, "tokenizer", "cannot be read: " + e.getMessage(), e);
        }
    }

    private String name() {
        return model.path().map(p -> p.toAbsolutePath().normalize().getFileName()).map(Path::toString)
                .orElse(model.spec().modelType());
    }

    /// The type of the embedding, which most matrices share.
    private DType commonType() {
        return new LayoutConversion(model.spec(), model.spec(), weights)
                .dtype(Parameter.of(glia.model.spec.Role.EMBEDDING));
    }

    /// llama.cpp accepts types other than F32 only for matrices of matrix multiplications.
    private static boolean isNarrow(Parameter p, long[] shape) {
        return shape.length > 1 && switch (p.role()) {
            case ROUTER, POSITIONS, SEGMENTS, CONVOLUTION, DECAY, SKIP, GATED_NORM, SHARED_SCALE, GATE_BIAS, UP_BIAS,
                    DOWN_BIAS -> false;
            default -> true;
        };
    }

    /// Writes the metadata of a GGUF file with tensors that are computed one after the other.
    ///
    /// @param model of a GGUF file
    public static void writeTensors(Model model, Map<String, TensorContent> tensors, Path file, Progress progress,
            IfExists ifExists) throws CheckpointException {
        OutputPath.requireOther(model.path(), file);
        write(file, metadata((GgufCheckpoint) model.checkpoint()), tensors, progress, ifExists);
    }

    private static Map<String, Object> metadata(GgufCheckpoint from) {
        Map<String, Object> metadata = from.metadata().values();
        // What was in several files is in one.
        metadata.keySet().removeIf(key -> key.startsWith("split."));
        return metadata;
    }

    /// Copies a model of a GGUF file with all its metadata.
    private static void copy(Model model, GgufCheckpoint from, Weights weights, Path file,
            Optional<? extends MatrixTypes> types, TypeCast cast, Progress progress, IfExists ifExists)
            throws CheckpointException {
        Map<String, Object> metadata = metadata(from);
        types.ifPresent(t -> fileType(metadata, t.fileType()));
        try (Arena arena = Arena.ofConfined()) {
            Map<String, TensorContent> contents = new LinkedHashMap<>();
            Map<String, Parameter> inside = new LinkedHashMap<>();
            model.sources().keySet().forEach(p -> inside.put(model.storedName(p), p));
            Map<String, Tensor> tensors = new SavedTensors(model, weights, arena).all();
            Map<String, long[]> shapes = new LinkedHashMap<>();
            from.joined().stream().filter(metadata::containsKey)
                    .forEach(name -> metadata.put(name, tensors.get(name).toArray()));
            tensors.keySet().removeAll(from.joined());
            tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
            MatrixTypes.ByName chosen = types.isEmpty() ? name -> Optional.empty()
                    : types.get().in(GgufMetadata.of(file, metadata), shapes);
            TypeCast named = new TypeCast(cast.workers(), cast.importance().named(model::storedName, p -> new int[0]));
            tensors.forEach((name, tensor) -> contents.put(name, inside.containsKey(name)
                    && isNarrow(inside.get(name), tensor.shape())
                    ? chosen.of(name).map(type -> narrowed(name, tensor, type, named))
                            .orElseGet(() -> TensorContent.of(tensor))
                    : TensorContent.of(tensor)));
            write(file, metadata, contents, progress, ifExists);
        }
    }

    private static void write(Path file, Map<String, Object> metadata, Map<String, TensorContent> contents,
            Progress progress, IfExists ifExists) throws CheckpointException {
        long total = contents.values().stream().mapToLong(TensorContent::sizeBytes).sum();
        long[] lastMillis = {System.currentTimeMillis()};
        try {
            GgufWriter.writeContents(file, GgufMetadata.of(file, metadata), contents, done -> {
                long now = System.currentTimeMillis();
                if (done == total || now - lastMillis[0] >= MILLIS_BETWEEN_WORDS) {
                    lastMillis[0] = now;
                    progress.advance(file.getFileName().toString(), done, total);
                }
            }, ifExists);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "", "cannot be written: " + e.getMessage(), e);
        }
    }

    private static TensorContent narrowed(String name, Tensor tensor, DType type, TypeCast cast) {
        return new TensorContent(type, tensor.shape(), scratch -> cast.of(name, -1, tensor, type, scratch));
    }

    /// A file before it is written, with what a GGUF form reads for its config: tensor names, shapes, and the values of
    /// tensors without parameters.
    ///
    /// @param further the tensors without parameters
    record PlannedFile(Path file, HubFolder.Places places, Map<String, float[]> further, Arena arena)
            implements Checkpoint {
        @Override
        public Set<String> names() {
            Set<String> names = new LinkedHashSet<>(places.names());
            names.addAll(further.keySet());
            return names;
        }

        /// A tensor of the right shape; its values are valid only if it holds no parameter.
        @Override
        public Tensor tensor(String name) throws CheckpointException {
            if (further.containsKey(name)) {
                return Tensor.of(arena, further.get(name), further.get(name).length);
            }
            long[] shape = places.shapes().get(name);
            if (shape == null) {
                throw new CheckpointException(file, name, "there will be no such tensor");
            }
            // One byte a number: nothing reads them.
            return Tensor.allocate(arena, DType.U8, shape);
        }

        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void close() { }
    }

    /// The encoders of pictures and sounds that no `mmproj` file beside the GGUF file will hold.
    public static List<String> leftOut(Model model) {
        return model.spec().towers().stream().skip(MmprojWriter.of(model).isPresent() ? 1 : 0)
                .map(tower -> tower.body().modelType()).toList();
    }
}

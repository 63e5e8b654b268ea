package glia.model.adapter;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.AtomicFile;
import glia.io.load.Checkpoints;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.adapter.AdapterBuilder.Factors;
import glia.model.adapter.AdapterModule.Kind;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Reads and writes adapters as PEFT saves them: a folder with `adapter_config.json` and `adapter_model.safetensors`.
/// The frozen `base_layer.weight` that PEFT stores with adapters of embedding and head is ignored. [AdapterHead] loads
/// adapters that bring a classification head.
public final class AdapterFolder {
    static final String TENSORS = "adapter_model.safetensors";
    private static final String BASE_WEIGHT = ".base_layer.weight";
    private static final String BASE_BIAS = ".base_layer.bias";
    private static final String MAGNITUDES = ".lora_magnitude_vector";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";
    /// The ends of the names of factors, for linear modules and for embeddings.
    private static final List<String> ENDS = List.of(A, B, ".lora_B.bias", MAGNITUDES,
            ".lora_embedding_A", ".lora_embedding_B");
    private static final int MAX_NAMED = 5;

    private final Path file;
    private final AdapterBuilder builder;
    /// The factors of each module by the ends of their names.
    private final Map<AdapterModule, Map<String, Tensor>> factors = new LinkedHashMap<>();
    private final Map<ExpertStacks.At, Map<String, Tensor>> ofStacks = new LinkedHashMap<>();
    private final Map<ExpertStacks.ExpertStack, ExpertStacks.At> stacks = new LinkedHashMap<>();
    private final Map<AdapterModules.StoredTensor, Saved> saved = new LinkedHashMap<>();

    /// A tensor that was trained as a whole.
    private record Saved(String name, Tensor values) { }

    private AdapterFolder(Path file, AdapterBuilder builder) {
        this.file = file;
        this.builder = builder;
    }

    /// Whether a folder holds an adapter and no model.
    public static boolean isOne(Path folder) {
        return Files.isRegularFile(folder.resolve(AdapterConfigFile.NAME))
                && !Files.exists(folder.resolve("config.json"));
    }

    /// The base model of an adapter: a path or a name on the hub.
    ///
    /// @throws CheckpointException if the config cannot be read or names none
    public static String base(Path folder) throws CheckpointException {
        Path file = folder.resolve(AdapterConfigFile.NAME);
        return AdapterConfigFile.read(file).base().filter(name -> !name.isBlank())
                .orElseThrow(() -> new CheckpointException(file, "key base_model_name_or_path", "is missing, expected "
                        + "the path or name of the model that the adapter belongs to"));
    }

    /// Reads the adapters of a model, copied to memory.
    ///
    /// @param path a folder that PEFT saved, or the GGUF file of an adapter
    /// @throws CheckpointException if a file is missing or invalid, the adapter is of a kind that is not supported, or
    ///     it does not fit the model
    public static Adapters read(Model model, Path path) throws CheckpointException {
        try (Arena scratch = Arena.ofConfined()) {
            if (GgufAdapter.isOne(path)) {
                GgufAdapter.Content content = GgufAdapter.read(model, path, scratch);
                return read(model, content.config(), path, path, content.tensors());
            }
            Path configFile = path.resolve(AdapterConfigFile.NAME);
            if (!Files.isRegularFile(configFile)) {
                throw new CheckpointException(path, "", "holds no " + AdapterConfigFile.NAME + " and is no GGUF file");
            }
            AdapterConfig config = AdapterConfigFile.read(configFile);
            Path file = AdapterConfigFile.tensors(path);
            try (Checkpoint stored = Checkpoints.open(file)) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                for (String name : stored.names()) {
                    tensors.put(name, stored.tensor(name));
                }
                return read(model, config, configFile, file, tensors);
            }
        }
    }

    private static Adapters read(Model model, AdapterConfig config, Path configFile, Path file,
            Map<String, Tensor> tensors) throws CheckpointException {
        AdapterBuilder builder;
        try {
            builder = new AdapterBuilder(model, config);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(configFile, "", e.getMessage(), e);
        }
        try (Arena scratch = Arena.ofConfined()) {
            new AdapterFolder(file, builder).read(tensors, scratch);
            return new Adapters(builder);
        } catch (IllegalArgumentException e) {
            builder.arena().close();
            throw new CheckpointException(file, "", "does not fit the model: " + e.getMessage(), e);
        } catch (CheckpointException | RuntimeException | Error e) {
            if (builder.arena().scope().isAlive()) {
                builder.arena().close();
            }
            throw e;
        }
    }

    private void read(Map<String, Tensor> tensors, Arena scratch) throws CheckpointException {
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            sort(tensor.getKey(), tensor.getValue(), scratch);
        }
        if (builder.isTied() && builder.model().spec().head().matrix() == Head.Matrix.TIED) {
            removeTiedHead();
        }
        requireComplete();
        // In the order of new adapters, not in that of the file: sums over all of them have the same bits.
        for (AdapterModule m : ordered()) {
            builder.add(m, checked(m, factors.get(m)));
        }
        for (ExpertStacks.At at : builder.stacks().selected()) {
            ExpertStacks.At found = stacks.getOrDefault(at.stack(), at);
            builder.add(found, checked(found));
        }
        List<AdapterModules.StoredTensor> expected = builder.saved();
        for (AdapterModules.StoredTensor tensor : expected) {
            if (!saved.containsKey(tensor)) {
                throw new CheckpointException(file, tensor.name(), "is missing: " + AdapterConfigFile.NAME
                        + " names its module to be saved");
            }
        }
        for (Map.Entry<AdapterModules.StoredTensor, Saved> each : saved.entrySet()) {
            if (!expected.contains(each.getKey())) {
                throw new CheckpointException(file, each.getValue().name(), "is no tensor of an adapter, and "
                        + "modules_to_save and bias of " + AdapterConfigFile.NAME + " do not name it");
            }
        }
        for (AdapterModules.StoredTensor tensor : expected) {
            Saved found = saved.get(tensor);
            requireShape(found.name(), found.values(), builder.shape(tensor));
            builder.addSaved(tensor, found.name(), Optional.of(found.values()));
        }
        if (builder.weights().isEmpty()) {
            throw new CheckpointException(file, "", "holds no adapter");
        }
    }

    /// The modules with factors in the order of the model's modules.
    private List<AdapterModule> ordered() {
        Map<List<AdapterModule.Part>, Integer> places = new HashMap<>();
        builder.names().all().forEach(m -> places.putIfAbsent(m.parts(), places.size()));
        return factors.keySet().stream().sorted(Comparator.comparing(m -> places.get(m.parts()))).toList();
    }

    /// Finds what a tensor is.
    private void sort(String name, Tensor tensor, Arena scratch) throws CheckpointException {
        String bare = name.startsWith(AdapterBuilder.PREFIX) ? name.substring(AdapterBuilder.PREFIX.length()) : name;
        // Files of older versions.
        String plain = bare.endsWith(MAGNITUDES + ".weight") ? bare.substring(0, bare.length() - 7) : bare;
        Optional<String> end = ENDS.stream().filter(plain::endsWith).findFirst();
        if (plain.endsWith(BASE_WEIGHT)) {
            module(name, plain.substring(0, plain.length() - BASE_WEIGHT.length()));
            return;
        }
        Tensor values = real(name, tensor, scratch);
        if (end.isPresent()) {
            String path = plain.substring(0, plain.length() - end.get().length());
            Optional<ExpertStacks.At> stack = builder.stacks().find(path);
            if (stack.isPresent()) {
                stacks.put(stack.get().stack(), stack.get());
                if (ofStacks.computeIfAbsent(stack.get(), key -> new HashMap<>()).put(end.get(), values) != null) {
                    throw new CheckpointException(file, name, "is a second tensor for " + stack.get().stack().path());
                }
                return;
            }
            AdapterModule m = module(name, path);
            if (factors.computeIfAbsent(m, key -> new HashMap<>()).put(end.get(), values) != null) {
                throw new CheckpointException(file, name, "is a second tensor for " + m.path() + end.get());
            }
            return;
        }
        String stored = plain.endsWith(BASE_BIAS)
                ? plain.substring(0, plain.length() - BASE_BIAS.length()) + Adapters.AdapterBiases.BIAS : plain;
        AdapterModules.StoredTensor found = builder.names().tensor(stored).orElseThrow(() -> new CheckpointException(
                file, name, "is neither part of a low-rank adapter nor a tensor of the model"));
        if (saved.put(found, new Saved(name, values)) != null) {
            throw new CheckpointException(file, name, "is a second tensor for " + found.name());
        }
    }

    /// With `ensure_weight_tying` PEFT stores what the head shares with the embedding a second time: factors in the
    /// other order and transposed, or the whole tensor.
    private void removeTiedHead() throws CheckpointException {
        for (AdapterModule head : List.copyOf(factors.keySet())) {
            Optional<AdapterModule> table = factors.keySet().stream().filter(m -> isOf(m.parts(), Role.EMBEDDING))
                    .findFirst();
            if (isOf(head.parts(), Role.HEAD) && table.isPresent()) {
                Map<String, Tensor> first = factors.get(table.get());
                Map<String, Tensor> second = factors.remove(head);
                requireSame(head.path() + A, second.get(A),
                        first.get(".lora_embedding_B"), true);
                requireSame(head.path() + B, second.get(B),
                        first.get(".lora_embedding_A"), true);
            }
        }
        for (AdapterModules.StoredTensor head : List.copyOf(saved.keySet())) {
            Optional<AdapterModules.StoredTensor> table = saved.keySet().stream()
                    .filter(t -> isOf(t.parts(), Role.EMBEDDING)).findFirst();
            if (isOf(head.parts(), Role.HEAD) && table.isPresent()) {
                requireSame(head.name(), saved.remove(head).values(), saved.get(table.get()).values(), false);
            }
        }
    }

    private static boolean isOf(List<AdapterModule.Part> parts, Role role) {
        return parts.getFirst().parameter().equals(Parameter.of(role));
    }

    private void requireSame(String name, Tensor a, Tensor b, boolean isTransposed) throws CheckpointException {
        boolean isSame = a != null && b != null && a.size() == b.size();
        for (long i = 0; isSame && i < a.size(); i++) {
            isSame = a.get(i) == (isTransposed ? b.get(i % a.cols() * b.cols() + i / a.cols()) : b.get(i));
        }
        if (!isSame) {
            throw new CheckpointException(file, name, "differs from that of the embedding, although "
                    + AdapterConfigFile.NAME + " has ensure_weight_tying");
        }
    }

    private AdapterModule module(String tensor, String path) throws CheckpointException {
        Optional<AdapterModule> found = builder.names().find(path);
        if (found.isPresent()) {
            return found.get().named(path);
        }
        String last = path.substring(path.lastIndexOf('.') + 1);
        List<String> similar = builder.names().all().stream().map(AdapterModule::path)
                .filter(p -> p.endsWith("." + last) || p.equals(last)).toList();
        String others = similar.isEmpty() ? "its modules are called " + builder.names().all().stream()
                .map(AdapterModule::lastName).distinct().limit(12).collect(Collectors.joining(", "))
                : "it has " + similar.stream().limit(MAX_NAMED).collect(Collectors.joining(", "))
                        + (similar.size() > MAX_NAMED ? "…" : "");
        throw new CheckpointException(file, tensor, "the model has no module '" + path + "' that can have an adapter; "
                + others + "; does the adapter belong to this model?");
    }

    /// F32 values, all finite.
    private Tensor real(String name, Tensor tensor, Arena scratch) throws CheckpointException {
        if (!tensor.dtype().isReal() || tensor.dtype().isBlock()) {
            throw new CheckpointException(file, name, "found " + tensor.dtype() + ", expected real numbers");
        }
        Tensor wide = tensor.dtype() == DType.F32 ? tensor : Decode.widen(tensor, scratch);
        for (long i = 0; i < wide.size(); i++) {
            if (!Float.isFinite(wide.get(i))) {
                throw new CheckpointException(file, name, "holds " + wide.get(i) + " (number " + i
                        + "), expected finite numbers");
            }
        }
        return wide;
    }

    /// A selected module without tensors is an error if others of its last name have some. Experts need none: where
    /// their matrices are stacked in PEFT's model, they are no modules there.
    private void requireComplete() throws CheckpointException {
        Set<Object> present = new HashSet<>();
        for (AdapterModule m : factors.keySet()) {
            if (!builder.selection().selects(m)) {
                throw new CheckpointException(file, m.path(), "has an adapter although " + AdapterConfigFile.NAME
                        + " does not select it (target_modules, exclude_modules, layers_to_transform)");
            }
            present.add(m.lastName());
            present.add(m.parts());
        }
        boolean areExpertsModules = factors.keySet().stream().anyMatch(AdapterFolder::isExpert);
        List<String> missing = builder.selected().stream().filter(m -> present.contains(m.lastName())
                && !present.contains(m.parts()) && (areExpertsModules || !isExpert(m)))
                .map(AdapterModule::path).toList();
        if (!missing.isEmpty()) {
            throw new CheckpointException(file, missing.getFirst(), "has no tensors although target_modules of "
                    + AdapterConfigFile.NAME + " names it" + (missing.size() == 1 ? "" : ", as "
                    + (missing.size() - 1) + " more modules"));
        }
    }

    private static boolean isExpert(AdapterModule m) {
        return m.parts().getFirst().parameter().expert() >= 0;
    }

    private Factors checked(AdapterModule m, Map<String, Tensor> parts) throws CheckpointException {
        boolean isTable = m.kind() == Kind.EMBEDDING;
        String nameA = isTable ? ".lora_embedding_A" : A;
        String nameB = isTable ? ".lora_embedding_B" : B;
        int rank = builder.scales().rank(m);
        Tensor a = required(m, parts, nameA, rank, isTable ? m.rows() : m.cols());
        Tensor b = required(m, parts, nameB, isTable ? m.cols() : m.rows(), rank);
        AdapterConfig.Variant variant = builder.config().variant();
        Optional<Tensor> bias = variant.bias() ? Optional.of(required(m, parts, ".lora_B.bias", m.rows()))
                : Optional.empty();
        Optional<Tensor> magnitudes = variant.decomposed()
                ? Optional.of(required(m, parts, MAGNITUDES, isTable ? m.cols() : m.rows())) : Optional.empty();
        for (String end : parts.keySet()) {
            boolean isExpected = end.equals(nameA) || end.equals(nameB) || variant.bias() && end.equals(".lora_B.bias")
                    || variant.decomposed() && end.equals(MAGNITUDES);
            if (!isExpected) {
                throw new CheckpointException(file, m.path() + end, "is not expected: "
                        + (end.equals(MAGNITUDES) ? "use_dora is off" : end.endsWith("bias") ? "lora_bias is off"
                        : "the module is " + (isTable ? "an embedding" : "linear")));
            }
        }
        return new Factors(a, b, bias, magnitudes);
    }

    /// The factors of stacked experts.
    private Factors checked(ExpertStacks.At at) throws CheckpointException {
        ExpertStacks.ExpertStack stack = at.stack();
        Map<String, Tensor> parts = ofStacks.getOrDefault(at, Map.of());
        int rank = builder.scales().rank(stack.path()) * stack.experts();
        Tensor a = required(at.name(), parts, A, rank, stack.columnsOfA());
        Tensor b = required(at.name(), parts, B, stack.rowsOfB(), rank);
        for (String end : parts.keySet()) {
            if (!end.equals(A) && !end.equals(B)) {
                throw new CheckpointException(file, at.name() + end, "is not expected for the parameter "
                        + stack.path());
            }
        }
        return new Factors(a, b, Optional.empty(), Optional.empty());
    }

    private Tensor required(AdapterModule m, Map<String, Tensor> parts, String end, long... shape)
            throws CheckpointException {
        return required(m.path(), parts, end, shape);
    }

    private Tensor required(String path, Map<String, Tensor> parts, String end, long... shape)
            throws CheckpointException {
        Tensor t = parts.get(end);
        if (t == null) {
            throw new CheckpointException(file, path + end, "is missing; the module has " + parts.keySet());
        }
        requireShape(path + end, t, shape);
        return t;
    }

    private void requireShape(String name, Tensor t, long[] shape) throws CheckpointException {
        if (!t.is(shape)) {
            throw new CheckpointException(file, name, "has shape " + Arrays.toString(t.shape()) + ", expected "
                    + Arrays.toString(shape) + " for this model and the rank of " + AdapterConfigFile.NAME);
        }
    }

    /// PEFT's name of the kind of model; a model without a head for tokens needs none.
    private static Optional<String> task(ModelSpec spec) {
        boolean isForTokens = spec.head().matrix() != Head.Matrix.ABSENT && spec.head().classes().isEmpty();
        return spec.looksAhead() || !isForTokens ? Optional.empty()
                : Optional.of(spec.encoder().isPresent() ? "SEQ_2_SEQ_LM" : "CAUSAL_LM");
    }

    /// Writes the folder; each file appears complete or not at all, the config last.
    ///
    /// @throws CheckpointException if the folder holds an adapter that may not be replaced, or cannot be written
    public static void write(Adapters adapters, Path folder, IfExists ifExists) throws CheckpointException {
        Path configFile = folder.resolve(AdapterConfigFile.NAME);
        if (ifExists == IfExists.FAIL) {
            AtomicFile.requireAbsent(configFile);
        }
        try (Arena arena = Arena.ofConfined()) {
            Files.createDirectories(folder);
            SafetensorsWriter.write(folder.resolve(TENSORS), adapters.tensors(arena), Map.of("format", "pt"), ifExists);
            AdapterHead.write(adapters, folder, ifExists);
            String json = AdapterConfigFile.json(adapters.config(), adapters.targets(),
                    task(adapters.base().spec()));
            AtomicFile.write(configFile, ifExists, out -> out.write(json.getBytes(StandardCharsets.UTF_8)));
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be written: " + e.getMessage(), e);
        }
    }
}

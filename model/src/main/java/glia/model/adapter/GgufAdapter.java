package glia.model.adapter;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.Model;
import glia.model.adapter.AdapterModule.Kind;
import glia.model.layout.Source;
import glia.model.write.GgufNames;
import glia.model.write.HubOrders.Orders;
import glia.model.write.Order.Axis;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// LoRA adapters in GGUF files (`general.type` is `adapter`): for a matrix `X` of the model's GGUF file the tensors
/// `X.lora_a` `[r, inputs]` and `X.lora_b` `[outputs, r]`, of an embedding `[entries, r]` and `[size, r]`, in the order
/// of that file's rows and columns; the scale is `adapter.lora.alpha / r`, and 1 where alpha is 0.
///
/// Source: llama-adapter.cpp and convert_lora_to_gguf.py of https://github.com/ggml-org/llama.cpp
public final class GgufAdapter {
    private static final String TYPE = "general.type";
    private static final String ARCHITECTURE = "general.architecture";
    private static final String KIND = "adapter.type";
    private static final String ALPHA = "adapter.lora.alpha";
    private static final String A = ".lora_a";
    private static final String B = ".lora_b";

    private final Path file;
    private final GgufNames names;

    private GgufAdapter(Path file, GgufNames names) {
        this.file = file;
        this.names = names;
    }

    /// Whether a path is a GGUF file; [AdapterFolder#read] reads such adapters, too.
    public static boolean isOne(Path path) {
        return path.toString().toLowerCase(Locale.ROOT).endsWith(".gguf") && Files.isRegularFile(path);
    }

    /// What a file holds, as PEFT's files would.
    record Content(AdapterConfig config, Map<String, Tensor> tensors) { }

    /// Reads a file; tensors are copied.
    static Content read(Model model, Path file, Arena arena) throws CheckpointException {
        try (GgufCheckpoint gguf = GgufCheckpoint.open(file)) {
            GgufAdapter adapter = new GgufAdapter(file, GgufNames.of(model, file));
            adapter.check(gguf.metadata());
            return adapter.content(gguf, adapter.modules(new AdapterModules(model)), arena);
        }
    }

    private void check(GgufMetadata metadata) throws CheckpointException {
        String type = metadata.has(TYPE) ? metadata.string(TYPE) : "model";
        String kind = metadata.has(KIND) ? metadata.string(KIND) : "";
        if (!type.equals("adapter") || !kind.equals("lora")) {
            throw new CheckpointException(file, "metadata key " + TYPE, "found " + DisplayText.quote(type) + " and "
                    + KIND + " " + DisplayText.quote(kind) + ", expected an adapter of the type lora");
        }
        String architecture = metadata.string(ARCHITECTURE);
        if (!names.architectures().contains(architecture)) {
            throw new CheckpointException(file, "metadata key " + ARCHITECTURE, "found "
                    + DisplayText.quote(architecture) + ", the model is " + String.join(" or ", names.architectures())
                    + "; the adapter belongs to another model");
        }
        if (metadata.keys().stream().anyMatch(key -> key.startsWith("adapter.alora."))) {
            throw new CheckpointException(file, "metadata", "an adapter that some tokens activate (aLoRA) is not "
                    + "supported");
        }
    }

    /// The modules by the names of their tensors in GGUF files, those that are one matrix there, too.
    private Map<String, AdapterModule> modules(AdapterModules all) {
        Map<String, AdapterModule> modules = new LinkedHashMap<>();
        all.all().forEach(m -> name(m).ifPresent(name -> modules.merge(name, m, (a, b) -> a)));
        return modules;
    }

    private Optional<String> name(AdapterModule m) {
        Optional<String> name = Optional.empty();
        for (AdapterModule.Part part : m.parts()) {
            Optional<Source> source = names.source(part.parameter()).flatMap(AdapterModule::rows);
            boolean isSame = source.isPresent() && isSame(source.get(), part.place());
            String found = isSame ? source.get().stored().names().getFirst() : "";
            if (!isSame || name.isPresent() && !name.get().equals(found)) {
                return Optional.empty();
            }
            name = Optional.of(found);
        }
        return name;
    }

    /// Whether both are the same rows of their tensors.
    private static boolean isSame(Source a, Source b) {
        return switch (a) {
            case Source.Stored _ -> b instanceof Source.Stored;
            case Source.Rows r -> b instanceof Source.Rows o && r.from() == o.from() && r.count() == o.count()
                    && r.total() == o.total() && isSame(r.of(), o.of());
            case Source.Every e -> b instanceof Source.Every o && e.from() == o.from() && e.count() == o.count()
                    && e.total() == o.total() && isSame(e.of(), o.of());
            default -> false;
        };
    }

    /// The order of a module in the file; a matrix of several parameters must have the hub's.
    private Orders orders(AdapterModule m) throws CheckpointException {
        for (AdapterModule.Part part : m.parts()) {
            Optional<Orders> orders = names.orders(part.parameter(), m.rows() / m.parts().size());
            boolean isSame = orders.isPresent() && orders.get().rows().isSame() && orders.get().columns().isSame();
            if (m.parts().size() == 1 && orders.isPresent()) {
                return orders.get();
            }
            if (!isSame) {
                throw new CheckpointException(file, m.path(), "has rows in another order in GGUF files, for which an "
                        + "adapter cannot be converted");
            }
        }
        return Orders.SAME;
    }

    private Content content(GgufCheckpoint gguf, Map<String, AdapterModule> modules, Arena arena)
            throws CheckpointException {
        double alpha = gguf.metadata().has(ALPHA) ? gguf.metadata().real(ALPHA) : 0;
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, Integer> ranks = new LinkedHashMap<>();
        for (String name : gguf.names()) {
            String base = name.endsWith(A) || name.endsWith(B) ? name.substring(0, name.length() - A.length()) : "";
            AdapterModule m = modules.get(base);
            Tensor stored = gguf.tensor(name);
            if (m == null || stored.rank() != 2) {
                throw new CheckpointException(file, name, base.isEmpty() ? "is no factor of a low-rank adapter"
                        : "the model has no matrix '" + DisplayText.escape(base) + "' that can have an adapter; does "
                        + "the adapter belong to this model?");
            }
            Tensor wide = Decode.widen(stored, arena);
            Orders orders = orders(m);
            boolean isTable = m.kind() == Kind.EMBEDDING;
            if (name.endsWith(A)) {
                boolean fits = isTable || wide.cols() == m.cols();
                tensors.put(peft(m, true), isTable ? transposed(wide, arena)
                        : fits ? orders.columns().invert(wide, Axis.COLUMNS, arena) : wide);
            } else {
                ranks.put(m.path(), wide.cols());
                boolean fits = wide.rows() == m.rows();
                tensors.put(peft(m, false), isTable || !fits ? wide : orders.rows().invert(wide, Axis.ROWS, arena));
            }
        }
        if (ranks.isEmpty()) {
            throw new CheckpointException(file, "", "holds no adapter");
        }
        return new Content(config(alpha, ranks), tensors);
    }

    private static AdapterConfig config(double alpha, Map<String, Integer> ranks) {
        int rank = ranks.values().iterator().next();
        Map<String, Integer> others = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        ranks.forEach((path, r) -> {
            if (r != rank) {
                others.put(path.replace(".", "\\."), r);
                alphas.put(path.replace(".", "\\."), alpha == 0 ? r : alpha);
            }
        });
        return AdapterConfig.defaults().withRank(rank, alpha == 0 ? rank : alpha).withPatterns(others, alphas)
                .withTargets(new ModuleNames.Suffixes(List.copyOf(ranks.keySet())));
    }

    /// PEFT's name of a factor.
    private static String peft(AdapterModule m, boolean isA) {
        String end = m.kind() == Kind.EMBEDDING ? isA ? ".lora_embedding_A" : ".lora_embedding_B"
                : isA ? ".lora_A.weight" : ".lora_B.weight";
        return AdapterBuilder.PREFIX + m.path() + end;
    }

    private static Tensor transposed(Tensor x, Arena arena) {
        Tensor y = Tensor.allocate(arena, DType.F32, x.cols(), x.rows());
        for (long i = 0; i < x.size(); i++) {
            y.set(i % x.cols() * x.rows() + i / x.cols(), x.get(i));
        }
        return y;
    }

    /// Writes adapters for the GGUF file of their model.
    ///
    /// @throws CheckpointException if the file cannot be written, or the adapter is more than products of two matrices
    ///     (DoRA, biases, modules trained as a whole, stacked experts)
    public static void write(Adapters adapters, Path file, IfExists ifExists) throws CheckpointException {
        AdapterConfig config = adapters.config();
        boolean isPlain = !config.variant().decomposed() && !config.variant().bias() && config.modulesToSave().isEmpty()
                && config.biases() == AdapterConfig.Biases.NONE && config.parameters().isEmpty();
        if (!isPlain) {
            throw new CheckpointException(file, "", "cannot be written: a GGUF adapter holds products of two matrices "
                    + "alone, no magnitudes (DoRA), biases, modules trained as a whole or stacked experts; merge it "
                    + "(glia merge)");
        }
        GgufAdapter adapter = new GgufAdapter(file, GgufNames.of(adapters.base(), file));
        AdapterScales scales = new AdapterScales(config);
        List<AdapterModule> modules = new ArrayList<>(adapters.modules());
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> peft = adapters.tensors(arena);
            Map<String, TensorContent> contents = new LinkedHashMap<>();
            for (AdapterModule m : modules) {
                String name = adapter.name(m).orElseThrow(() -> new CheckpointException(file, m.path(), "cannot be "
                        + "written: its matrix is divided otherwise in a GGUF file of the model"));
                Tensor a = peft.get(peft(m, true));
                Tensor b = peft.get(peft(m, false));
                Orders orders = adapter.orders(m);
                boolean isTable = m.kind() == Kind.EMBEDDING;
                float factor = scales.scale(m) * scales.rank(m) / (float) config.alpha();
                for (long i = 0; factor != 1 && i < b.size(); i++) {
                    b.set(i, b.get(i) * factor);
                }
                contents.put(name + A, TensorContent.of(isTable ? transposed(a, arena)
                        : orders.columns().apply(a, Axis.COLUMNS, arena)));
                contents.put(name + B, TensorContent.of(isTable ? b : orders.rows().apply(b, Axis.ROWS, arena)));
            }
            GgufWriter.writeContents(file, GgufMetadata.of(file, Map.of(TYPE, "adapter", ARCHITECTURE,
                    adapter.names.architectures().getFirst(), KIND, "lora", ALPHA, (float) config.alpha())), contents,
                    done -> { }, ifExists);
        }
    }
}

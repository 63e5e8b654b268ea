package glia.model.adapter;

import glia.model.Model;
import glia.model.adapter.AdapterModule.Kind;
import glia.model.adapter.AdapterTensor.Piece;
import glia.model.adapter.Adapters.AdapterBiases;
import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.Order;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Magnitudes;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// Builds adapters module by module, from new values or those of a file.
final class AdapterBuilder {
    /// The prefix of all names in PEFT's files.
    static final String PREFIX = "base_model.model.";
    /// Matrices whose transposes are multiplied by, too, where a bias has no place.
    private static final Set<Role> WITHOUT_BIAS =
            EnumSet.of(Role.EXPANSION, Role.KEY_EXPANSION, Role.VALUE_EXPANSION);
    private static final List<String> CLASSIFIERS = List.of("classifier", "score");
    private static final Source.Stored WHOLE = new Source.Stored("adapter");

    /// The tensors of a module's adapter in the shapes of PEFT: A `[r, inputs]` and B `[outputs, r]`, for an embedding
    /// A `[r, entries]` and B `[size, r]`.
    record Factors(Tensor a, Tensor b, Optional<Tensor> bias, Optional<Tensor> magnitudes) { }

    private final Model model;
    private final AdapterConfig config;
    private final AdapterModules names;
    private final AdapterScales scales;
    private final ModuleSelection selection;
    private final ExpertStacks stacks;
    private final Arena arena = Arena.ofShared();
    private final List<AdapterModule> modules = new ArrayList<>();
    private final List<AdapterTensor> tensors = new ArrayList<>();
    private final Map<Parameter, Weight> weights = new LinkedHashMap<>();

    /// @throws IllegalArgumentException if an expression of the config cannot be compiled
    AdapterBuilder(Model model, AdapterConfig config) {
        this.model = model;
        this.config = config;
        names = new AdapterModules(model);
        scales = new AdapterScales(config);
        selection = new ModuleSelection(config);
        stacks = new ExpertStacks(model, config.parameters());
        for (String name : config.parameters()) {
            boolean isNamed = stacks.selected().stream().anyMatch(at -> at.stack().isNamed(name))
                    || new ModuleSelection(config.withTargets(ModuleNames.NONE).withParameters(List.of(name)))
                            .selectsAny(names.all());
            if (!isNamed) {
                throw new IllegalArgumentException("target_parameters: the model has no parameter '" + name + "' that"
                        + " can have an adapter, such as the stacked experts mlp.experts.gate_up_proj and"
                        + " mlp.experts.down_proj");
            }
        }
    }

    static Adapters create(Model model, AdapterConfig config, long seed) {
        AdapterBuilder builder = new AdapterBuilder(model, config);
        try (Arena scratch = Arena.ofConfined()) {
            for (AdapterModule m : builder.selected()) {
                builder.add(m, builder.fresh(m, new SplittableRandom(31 * seed + m.path().hashCode()), scratch));
            }
            for (ExpertStacks.At at : builder.stacks.selected()) {
                builder.add(at, builder.fresh(at, new SplittableRandom(31 * seed + at.stack().path().hashCode()),
                        scratch));
            }
            for (AdapterModules.StoredTensor tensor : builder.saved()) {
                builder.addSaved(tensor, builder.nameOf(tensor), Optional.empty());
            }
            if (builder.weights.isEmpty()) {
                throw new IllegalArgumentException("no module of the model is named by " + config.targets()
                        + "; its modules are called " + builder.names.all().stream().map(AdapterModule::lastName)
                                .distinct().limit(12).toList());
            }
            return new Adapters(builder);
        } catch (RuntimeException | Error e) {
            builder.arena.close();
            throw e;
        }
    }

    AdapterModules names() {
        return names;
    }

    /// The modules that the config selects.
    List<AdapterModule> selected() {
        return names.all().stream().filter(selection::selects).toList();
    }

    ModuleSelection selection() {
        return selection;
    }

    ExpertStacks stacks() {
        return stacks;
    }

    /// The tensors that the config trains as a whole.
    List<AdapterModules.StoredTensor> saved() {
        Set<String> adapted = new HashSet<>();
        selected().forEach(m -> adapted.add(m.path()));
        List<AdapterModules.StoredTensor> saved = new ArrayList<>();
        for (String name : config.modulesToSave()) {
            List<AdapterModules.StoredTensor> named = names.tensors().stream()
                    .filter(t -> ModuleSelection.contains(module(t.name()), name)).toList();
            // PEFT names both for every classifier.
            boolean isEither = CLASSIFIERS.contains(name) && config.modulesToSave().containsAll(CLASSIFIERS);
            if (named.isEmpty() && !isEither) {
                throw new IllegalArgumentException("the model has no module '" + name + "' to be saved");
            }
            named.stream().filter(t -> !saved.contains(t)).forEach(saved::add);
        }
        if (config.biases() != AdapterConfig.Biases.NONE) {
            names.tensors().stream().filter(t -> t.name().endsWith(AdapterBiases.BIAS) && !saved.contains(t)
                    && (config.biases() == AdapterConfig.Biases.ALL || adapted.contains(module(t.name()))))
                    .forEach(saved::add);
        }
        return saved;
    }

    /// The name of the module of a tensor.
    static String module(String tensor) {
        return tensor.substring(0, Math.max(0, tensor.lastIndexOf('.')));
    }

    AdapterScales scales() {
        return scales;
    }

    private Factors fresh(AdapterModule m, SplittableRandom random, Arena scratch) {
        int rank = scales.rank(m);
        boolean isTable = m.kind() == Kind.EMBEDDING;
        Tensor a = Tensor.allocate(scratch, DType.F32, rank, isTable ? m.rows() : m.cols());
        Tensor b = Tensor.allocate(scratch, DType.F32, isTable ? m.cols() : m.rows(), rank);
        if (isTable) {
            for (long i = 0; i < b.size(); i++) {
                b.set(i, (float) random.nextGaussian());
            }
        } else {
            fill(a, random);
        }
        Optional<Tensor> bias = config.variant().bias() ? Optional.of(Tensor.allocate(scratch, DType.F32, m.rows()))
                : Optional.empty();
        return new Factors(a, b, bias, config.variant().decomposed() ? Optional.of(norms(m, scratch))
                : Optional.empty());
    }

    private Factors fresh(ExpertStacks.At at, SplittableRandom random, Arena scratch) {
        ExpertStacks.ExpertStack stack = at.stack();
        int rank = scales.rank(stack.path()) * stack.experts();
        Tensor a = Tensor.allocate(scratch, DType.F32, rank, stack.columnsOfA());
        fill(a, random);
        return new Factors(a, Tensor.allocate(scratch, DType.F32, stack.rowsOfB(), rank), Optional.empty(),
                Optional.empty());
    }

    /// Uniform in `±1/√inputs`.
    private static void fill(Tensor a, SplittableRandom random) {
        double bound = 1 / Math.sqrt(a.cols());
        for (long i = 0; i < a.size(); i++) {
            a.set(i, (float) random.nextDouble(-bound, bound));
        }
    }

    private Tensor norms(AdapterModule m, Arena scratch) {
        if (m.kind() == Kind.EMBEDDING) {
            return Magnitudes.norms(names.weight(m.parts().getFirst().parameter()), Magnitudes.Axis.COLUMNS, scratch);
        }
        Tensor all = Tensor.allocate(scratch, DType.F32, m.rows());
        m.parts().forEach(part -> part.place().write(part.orders().rows().invert(Magnitudes.norms(
                names.weight(part.parameter()), Magnitudes.Axis.ROWS, scratch), Order.Axis.ROWS, scratch), all));
        return all;
    }

    /// Adds the adapter of a module.
    ///
    /// @throws IllegalArgumentException if the module cannot have such an adapter
    void add(AdapterModule m, Factors factors) {
        if (m.kind() == Kind.EMBEDDING) {
            addTable(m, factors);
        } else {
            addLinear(m, factors);
        }
        modules.add(m);
    }

    /// Adds the adapter of stacked experts.
    void add(ExpertStacks.At at, Factors factors) {
        StackAdapter adapter = StackAdapter.of(at.stack(), PREFIX + at.name(), factors,
                scales.scale(at.stack().path()), names::weight, arena);
        adapter.weights().forEach(this::put);
        tensors.addAll(adapter.tensors());
    }

    private void addLinear(AdapterModule m, Factors f) {
        String at = PREFIX + m.path();
        Piece a = AdapterTensor.piece(f.a(), WHOLE, columns(m), Order.Axis.COLUMNS, arena);
        List<Piece> bs = pieces(m, f.b());
        List<Piece> biases = f.bias().map(t -> pieces(m, t)).orElse(List.of());
        List<Piece> magnitudes = f.magnitudes().map(t -> pieces(m, t)).orElse(List.of());
        for (int i = 0; i < m.parts().size(); i++) {
            Parameter p = m.parts().get(i).parameter();
            LowRank adapted = new LowRank(names.weight(p), a.weight(), bs.get(i).weight(), scales.scale(m));
            if (!biases.isEmpty()) {
                if (WITHOUT_BIAS.contains(p.role())) {
                    throw new IllegalArgumentException(m.path() + " is multiplied in both directions, where a bias of"
                            + " B (lora_bias) has no place");
                }
                adapted = adapted.withBias(biases.get(i).weight());
            }
            if (!magnitudes.isEmpty()) {
                adapted = adapted.withMagnitudes(Magnitudes.Axis.ROWS, magnitudes.get(i).weight());
            }
            put(p, adapted);
        }
        tensors.add(new AdapterTensor(at + ".lora_A.weight", f.a().shape(), List.of(a)));
        tensors.add(new AdapterTensor(at + ".lora_B.weight", f.b().shape(), bs));
        f.bias().ifPresent(t -> tensors.add(new AdapterTensor(at + ".lora_B.bias", t.shape(), biases)));
        f.magnitudes().ifPresent(t ->
                tensors.add(new AdapterTensor(at + ".lora_magnitude_vector", t.shape(), magnitudes)));
    }

    /// The order of the inputs, which all parts share.
    private static Order columns(AdapterModule m) {
        Order order = m.parts().getFirst().orders().columns();
        if (!order.isSame() && m.parts().size() > 1) {
            throw new IllegalArgumentException("the parts of " + m.path() + " have inputs in different orders in this"
                    + " file; take the model in the Hugging Face layout");
        }
        return order;
    }

    private List<Piece> pieces(AdapterModule m, Tensor t) {
        return m.parts().stream().map(part -> AdapterTensor.piece(t, part.place(), part.orders().rows(),
                Order.Axis.ROWS, arena)).toList();
    }

    /// For an embedding `W + s · (B · A)ᵀ`: A and B change places and are transposed.
    private void addTable(AdapterModule m, Factors f) {
        if (m.parts().size() != 1 || f.bias().isPresent()) {
            throw new IllegalArgumentException(f.bias().isPresent() ? "an adapter of the embedding " + m.path()
                    + " has no bias of B (lora_bias)" : m.path() + " holds several embeddings");
        }
        boolean isHead = isTied() && m.parts().getFirst().parameter().equals(Parameter.of(Role.EMBEDDING));
        if (isHead && f.magnitudes().isPresent()) {
            throw new IllegalArgumentException("magnitudes (use_dora) of an embedding that is also the head"
                    + " (ensure_weight_tying) are not supported");
        }
        String at = PREFIX + m.path();
        Order order = m.parts().getFirst().orders().rows();
        Piece up = AdapterTensor.piece(f.a(), new Source.Transposed(WHOLE), order, Order.Axis.ROWS, arena);
        Piece down = AdapterTensor.piece(f.b(), new Source.Transposed(WHOLE), Order.SAME, Order.Axis.ROWS, arena);
        Parameter p = m.parts().getFirst().parameter();
        LowRank adapted = new LowRank(names.weight(p), down.weight(), up.weight(), scales.scale(m));
        tensors.add(new AdapterTensor(at + ".lora_embedding_A", f.a().shape(), List.of(up)));
        tensors.add(new AdapterTensor(at + ".lora_embedding_B", f.b().shape(), List.of(down)));
        if (f.magnitudes().isPresent()) {
            Piece magnitude = AdapterTensor.piece(f.magnitudes().get(), WHOLE, magnitudes(order), Order.Axis.ROWS,
                    arena);
            adapted = adapted.withMagnitudes(Magnitudes.Axis.COLUMNS, magnitude.weight());
            tensors.add(new AdapterTensor(at + ".lora_magnitude_vector", f.magnitudes().get().shape(),
                    List.of(magnitude)));
        }
        put(p, adapted);
    }

    private void put(Parameter p, Weight w) {
        if (weights.put(p, w) != null) {
            throw new IllegalArgumentException("there are two adapters or values for " + p);
        }
    }

    /// The magnitudes of columns have the one factor of all rows.
    private static Order magnitudes(Order ofRows) {
        if (ofRows.isSame()) {
            return Order.SAME;
        }
        throw new IllegalArgumentException("magnitudes (use_dora) of an embedding that this file stores with a factor"
                + " are not supported; take the model in the Hugging Face layout");
    }

    /// Adds a tensor that is trained as a whole.
    ///
    /// @param name its name in the file
    /// @param values its values; those of the model if there are none
    void addSaved(AdapterModules.StoredTensor tensor, String name, Optional<Tensor> values) {
        List<Piece> pieces = new ArrayList<>();
        for (AdapterModule.Part part : tensor.parts()) {
            Order order = part.orders().rows();
            if (!part.orders().columns().isSame()) {
                throw new IllegalArgumentException(tensor.name() + " has columns in another order in this file; take"
                        + " the model in the Hugging Face layout");
            }
            Piece piece = values.isPresent()
                    ? AdapterTensor.piece(values.get(), part.place(), order, Order.Axis.ROWS, arena)
                    : new Piece(new Weight.Stored(names.weight(part.parameter()).toF32(arena)), part.place(), order,
                            Order.Axis.ROWS);
            pieces.add(piece);
            put(part.parameter(), piece.weight());
        }
        tensors.add(new AdapterTensor(name, shape(tensor), pieces));
    }

    /// The name in files of a tensor that is trained as a whole: the bias of a module with an adapter is that of its
    /// base layer.
    private String nameOf(AdapterModules.StoredTensor tensor) {
        boolean isAdapted = modules.stream().anyMatch(m -> (m.path() + AdapterBiases.BIAS).equals(tensor.name()));
        return PREFIX + (isAdapted ? module(tensor.name()) + ".base_layer" + AdapterBiases.BIAS : tensor.name());
    }

    /// The shape of a tensor in the checkpoint.
    long[] shape(AdapterModules.StoredTensor tensor) {
        AdapterModule.Part first = tensor.parts().getFirst();
        return first.place().storedShape(names.weight(first.parameter()).shape());
    }

    Model model() {
        return model;
    }

    /// Whether a tied head shares the adapter of the embedding. As in PEFT only embeddings of this name are shared.
    boolean isTied() {
        return config.tied() && names.tensors().stream().anyMatch(t -> t.name().endsWith("embed_tokens.weight")
                && t.parts().getFirst().parameter().equals(Parameter.of(Role.EMBEDDING)));
    }

    AdapterConfig config() {
        return config;
    }

    Arena arena() {
        return arena;
    }

    List<AdapterModule> modules() {
        return modules;
    }

    List<AdapterTensor> tensors() {
        return tensors;
    }

    Map<Parameter, Weight> weights() {
        return weights;
    }
}

package glia.model.adapter;

import glia.model.Model;
import glia.model.block.Weights;
import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// The low-rank adapters of a model: LoRA (https://arxiv.org/abs/2106.09685), rsLoRA (https://arxiv.org/abs/2312.03732)
/// or DoRA (https://arxiv.org/abs/2402.09353), and modules that are trained as a whole beside them. All trained weights
/// are F32 and can be updated. The base is frozen and may be quantized.
///
/// ```java
/// try (var adapters = Adapters.create(model, AdapterConfig.defaults().withTargets(ModuleNames.of("q_proj")), 1);
///         var pass = TrainingPass.of(adapters.attach(), kernels,
///                 TrainingOptions.defaults().withTrainable(adapters::contains))) {
///     …
///     AdapterFolder.write(adapters, Path.of("adapter"), IfExists.FAIL);
/// }
/// ```
/// `attach` returns a model with the adapters; the model without them stays usable.
public final class Adapters implements AutoCloseable {
    private final Arena arena;
    private final Model model;
    private final AdapterConfig config;
    private final boolean isTied;
    private final List<AdapterModule> modules;
    private final List<AdapterTensor> tensors;
    private final Map<Parameter, Weight> weights;
    private final Set<Weight> trained = Collections.newSetFromMap(new IdentityHashMap<>());

    Adapters(AdapterBuilder builder) {
        arena = builder.arena();
        model = builder.model();
        config = builder.config();
        isTied = builder.isTied();
        modules = List.copyOf(builder.modules());
        tensors = List.copyOf(builder.tensors());
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(builder.weights()));
        tensors.forEach(t -> t.pieces().forEach(p -> trained.add(p.weight())));
    }

    /// New adapters, initially without effect: A is uniform in `±1/√inputs`, B is 0 (for embeddings A is 0 and B is
    /// normal), magnitudes are the norms of the base.
    ///
    /// @param seed the random seed; a module's values depend on it and the module's name alone
    /// @throws IllegalArgumentException if no module is selected, or one that cannot have such an adapter
    public static Adapters create(Model model, AdapterConfig config, long seed) {
        return AdapterBuilder.create(model, config, seed);
    }

    /// The configuration.
    public AdapterConfig config() {
        return config;
    }

    /// The modules with an adapter.
    public List<AdapterModule> modules() {
        return modules;
    }

    /// The weights that differ from the base model's: adapted ones (`LowRank`), and those of modules that are trained
    /// as a whole.
    public Map<Parameter, Weight> all() {
        return weights;
    }

    /// Whether a weight is trained, to make only these trainable.
    public boolean contains(Weight w) {
        return trained.contains(w);
    }

    /// The trained weights by name, for an optimizer. A tensor of a fused module is several weights.
    public Map<String, Weight.Stored> trainable() {
        Map<String, Weight.Stored> all = new LinkedHashMap<>();
        tensors.forEach(t -> all.putAll(t.weights()));
        return all;
    }

    /// The number of trained values.
    public long numParameters() {
        return trained.stream().mapToLong(w -> (long) w.rows() * w.cols()).sum();
    }

    /// The values under the names and in the shapes of PEFT's files, copied to `arena`.
    public Map<String, Tensor> tensors(Arena to) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        tensors.forEach(t -> all.put(t.name(), t.values(to)));
        return all;
    }

    /// The gradients under the names and in the shapes of PEFT's files, copied to `arena`.
    public Map<String, Tensor> gradients(Gradients gradients, Arena to) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        tensors.forEach(t -> all.put(t.name(), t.gradient(gradients, to)));
        return all;
    }

    /// The model with the adapters; the original is unchanged, see `Model.with`. If embedding and head are tied and
    /// only one of them has an adapter, the other stays as it is.
    public Model attach() {
        return attach(weights);
    }

    /// The model with the adapters as a plain one, for saving: biases of B are added to those of their modules. Saving
    /// it merges the adapters.
    ///
    /// @throws IllegalArgumentException if a module with a bias of B (`lora_bias`) has no bias itself
    public Model merged() {
        Map<Parameter, Weight> plain = new LinkedHashMap<>(weights);
        AdapterModules names = new AdapterModules(model);
        for (AdapterModule m : modules) {
            for (AdapterModule.Part part : m.parts()) {
                if (weights.get(part.parameter()) instanceof LowRank adapted && adapted.bias().isPresent()) {
                    Parameter bias = AdapterBiases.of(names, m, part).orElseThrow(() -> new IllegalArgumentException(
                            "the adapter of " + m.path() + " has a bias (lora_bias) and the module has none to add it"
                            + " to; such an adapter cannot be merged"));
                    plain.put(part.parameter(), adapted.withoutBias());
                    plain.put(bias, AdapterBiases.sum(plain.getOrDefault(bias, names.weight(bias)), adapted, arena));
                }
            }
        }
        return attach(plain);
    }

    private Model attach(Map<Parameter, Weight> others) {
        Parameter head = Parameter.of(Role.HEAD);
        boolean isHeadTied = model.spec().head().matrix() == Head.Matrix.TIED;
        boolean unties = isHeadTied && (others.containsKey(head)
                || others.containsKey(Parameter.of(Role.EMBEDDING)) && !isTied);
        Model to = unties ? model.untied() : model;
        Weights all = to.weights().with(others);
        return to.with(all);
    }

    /// The model without the adapters.
    public Model base() {
        return model;
    }

    /// Frees the trained weights; models with the adapters must not be used afterwards.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /// The names of the modules with an adapter, for the config file: the last name, or the whole one where a module
    /// without an adapter has the same last name, such as LLaDA's head.
    ModuleNames targets() {
        if (!(config.targets() instanceof ModuleNames.AllLinear)) {
            return config.targets();
        }
        Set<String> others = new AdapterModules(model).all().stream()
                .filter(m -> m.kind() != AdapterModule.Kind.LINEAR)
                .map(AdapterModule::lastName).collect(Collectors.toSet());
        return new ModuleNames.Suffixes(modules.stream().map(m -> others.contains(m.lastName()) ? m.path()
                : m.lastName()).distinct().sorted().toList());
    }

    /// The biases of modules with an adapter.
    static final class AdapterBiases {
        static final String BIAS = ".bias";

        private AdapterBiases() { }

        /// The bias that is added to the outputs of a part of a module.
        static Optional<Parameter> of(AdapterModules names, AdapterModule m, AdapterModule.Part part) {
            return names.tensor(m.path() + BIAS).flatMap(bias -> bias.parts().stream()
                    .filter(b -> AdapterModule.rows(b.place()).map(AdapterBiases::rows)
                            .equals(Optional.of(rows(part.place()))))
                    .map(AdapterModule.Part::parameter).findFirst());
        }

        /// The rows of a place, without the name of the tensor.
        private static List<Object> rows(Source place) {
            List<Object> rows = new ArrayList<>();
            Source at = place;
            while (!(at instanceof Source.Stored)) {
                switch (at) {
                    case Source.Rows r -> {
                        rows.add(List.of("rows", r.from(), r.count(), r.total()));
                        at = r.of();
                    }
                    case Source.Every e -> {
                        rows.add(List.of("every", e.from(), e.count(), e.total()));
                        at = e.of();
                    }
                    default -> throw new IllegalStateException("no place of rows: " + at);
                }
            }
            return rows;
        }

        /// `bias + scale · c` as a new weight.
        static Weight sum(Weight bias, LowRank adapted, Arena arena) {
            Tensor sum = bias.toF32(arena);
            Tensor c = adapted.bias().orElseThrow().tensor();
            for (long i = 0; i < sum.size(); i++) {
                sum.set(i, sum.get(i) + adapted.scale() * c.get(i));
            }
            return new Weight.Stored(sum);
        }
    }
}

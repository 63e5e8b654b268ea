package glia.model.adapter;

import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.adapter.AdapterModule.Kind;
import glia.model.adapter.AdapterModule.Part;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.HubOrders;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The modules of a model that can have an adapter, and all of its tensors, under the names that they have in PEFT:
/// those of the checkpoint, or of the family's checkpoints on the hub if the model is of a GGUF file or new.
final class AdapterModules {
    private static final String WEIGHT = ".weight";
    /// Roles of matrices that are neither multiplied nor looked up.
    private static final Set<Role> OTHERS = EnumSet.of(Role.CONVOLUTION, Role.QUERY_CONVOLUTION,
            Role.KEY_CONVOLUTION, Role.VALUE_CONVOLUTION, Role.DECAY, Role.DISTANCES, Role.RECURRENCE, Role.SKIP,
            Role.GATED_NORM, Role.POSITIONS, Role.ENCODER_POSITIONS, Role.ROUTER_TABLE, Role.ENTRY_POSITIONS,
            Role.NGRAM_TABLE, Role.INDEX_POSITIONS, Role.QUERY_SCALE, Role.DISTANCE_SCALE, Role.MIX_QUERY,
            Role.MESSAGE_QUERY);
    private static final Set<Role> EMBEDDINGS = EnumSet.of(Role.EMBEDDING, Role.LAYER_EMBEDDING, Role.SEGMENTS,
            Role.PATCHER_EMBEDDING);
    /// First words of names that differ between classes of one family.
    private static final Set<String> CONTAINERS = Set.of("model", "language_model", "text_model", "transformer",
            "backbone", "base_model", "bert", "roberta", "distilbert", "electra", "albert", "deberta");

    /// A tensor of the checkpoint: its parameters and their places in it.
    ///
    /// @param name the name of the tensor, such as `model.norm.weight`
    record StoredTensor(String name, List<Part> parts) { }

    private final Model model;
    private final Map<String, AdapterModule> modules = new LinkedHashMap<>();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final Map<String, Optional<String>> byShortName = new HashMap<>();

    AdapterModules(Model model) {
        this.model = model;
        HubOrders orders = HubOrders.of(model);
        Map<String, List<Part>> all = new LinkedHashMap<>();
        for (Parameter p : model.sources().keySet()) {
            source(p).ifPresent(source -> orders.of(p, rows(p)).ifPresent(order ->
                    all.computeIfAbsent(name(p, source), n -> new ArrayList<>()).add(new Part(p, source, order))));
        }
        tiedHead().ifPresent(part -> all.putIfAbsent(name(part.parameter(), part.place()), List.of(part)));
        all.forEach((name, parts) -> {
            tensors.put(name, new StoredTensor(name, parts));
            module(module(name), parts).ifPresent(m -> modules.put(m.path(), m));
        });
        Set<String> names = new LinkedHashSet<>(modules.keySet());
        names.addAll(tensors.keySet());
        for (String name : names) {
            byShortName.merge(shortName(name), Optional.of(name), (a, b) -> Optional.empty());
        }
        tensors.values().forEach(this::addOtherNames);
    }

    /// The names that the tensor has in other checkpoints of the family.
    private void addOtherNames(StoredTensor tensor) {
        for (String other : tensor.parts().getFirst().place().stored().names()) {
            byShortName.putIfAbsent(shortName(other), Optional.of(tensor.name()));
            byShortName.putIfAbsent(shortName(module(other)), Optional.of(module(tensor.name())));
        }
    }

    /// The name of the module of a weight. In checkpoints of specs written by hand both have one name.
    private static String module(String tensor) {
        return tensor.endsWith(WEIGHT) ? tensor.substring(0, tensor.length() - WEIGHT.length()) : tensor;
    }

    /// Whether the tensors have the names of the hub's layout.
    private static boolean isHub(Model model) {
        return model.path().isPresent() && !(model.checkpoint() instanceof GgufCheckpoint);
    }

    /// The source of a parameter in the hub's layout, if the family has a place for it.
    private Optional<Source> source(Parameter p) {
        if (isHub(model)) {
            return Optional.of(model.sources().get(p));
        }
        Optional<Family> family = Families.ofModelType(model.spec().modelType());
        if (family.isEmpty()) {
            return Optional.of(model.sources().get(p));
        }
        try {
            return Optional.of(family.get().source(model.spec(), p).in(Set.of()));
        } catch (IllegalArgumentException e) {
            // A parameter that only GGUF files have: no adapter of the hub names it.
            return Optional.empty();
        }
    }

    /// The name of a parameter's tensor. Checkpoints without a head lack the first word that the class with a head has.
    private String name(Parameter p, Source source) {
        List<String> names = source.stored().names();
        if (!isHub(model) || !model.sources().containsKey(p)) {
            return names.getFirst();
        }
        String stored = model.storedName(p);
        return model.spec().head().matrix() == Head.Matrix.ABSENT ? stored
                : names.stream().filter(name -> name.endsWith("." + stored)).findFirst().orElse(stored);
    }

    /// The head of a model that has the embedding in its place.
    private Optional<Part> tiedHead() {
        if (model.spec().head().matrix() != Head.Matrix.TIED) {
            return Optional.empty();
        }
        Parameter head = Parameter.of(Role.HEAD);
        return Families.ofModelType(model.spec().modelType()).map(family ->
                new Part(head,
                family.source(model.untied().spec(), head).in(Set.of()), HubOrders.Orders.SAME));
    }

    private Optional<AdapterModule> module(String path, List<Part> parts) {
        List<Part> rows = new ArrayList<>();
        for (Part part : parts) {
            Optional<Source> source = AdapterModule.rows(part.place());
            if (source.isEmpty() || weight(part.parameter()).shape().length != 2
                    || OTHERS.contains(part.parameter().role())) {
                return Optional.empty();
            }
            rows.add(new Part(part.parameter(), source.get(), part.orders()));
        }
        Parameter first = parts.getFirst().parameter();
        Weight weight = weight(first);
        long total = rows.getFirst().place().storedShape(new long[] {weight.rows(), weight.cols()})[0];
        Kind kind = EMBEDDINGS.contains(first.role()) ? Kind.EMBEDDING
                : first.role() == Role.HEAD || first.role() == Role.ROUTER ? Kind.OTHER_LINEAR : Kind.LINEAR;
        return Optional.of(new AdapterModule(path, kind, rows, Math.toIntExact(total), weight.cols()));
    }

    /// The weight of a parameter; that of a tied head is the embedding.
    Weight weight(Parameter p) {
        boolean isTiedHead = p.role() == Role.HEAD && !model.weights().all().containsKey(p);
        return model.weights().get(isTiedHead ? Parameter.of(Role.EMBEDDING) : p);
    }

    private int rows(Parameter p) {
        Weight w = weight(p);
        return w.shape().length == 1 ? w.cols() : w.rows();
    }

    /// All modules, in the order of a pass.
    Collection<AdapterModule> all() {
        return Collections.unmodifiableCollection(modules.values());
    }

    /// All tensors of the checkpoint.
    Collection<StoredTensor> tensors() {
        return Collections.unmodifiableCollection(tensors.values());
    }

    /// The module of this name. Containers at the start, such as `model.` or `language_model.`, may differ.
    Optional<AdapterModule> find(String path) {
        return Optional.ofNullable(find(modules, path));
    }

    /// The tensor of this name, in the same way.
    Optional<StoredTensor> tensor(String name) {
        return Optional.ofNullable(find(tensors, name));
    }

    private <T> T find(Map<String, T> map, String name) {
        T exact = map.get(name);
        return exact != null ? exact
                : byShortName.getOrDefault(shortName(name), Optional.empty()).map(map::get).orElse(null);
    }

    static String shortName(String name) {
        String rest = name;
        for (int dot = rest.indexOf('.'); dot > 0 && CONTAINERS.contains(rest.substring(0, dot));
                dot = rest.indexOf('.')) {
            rest = rest.substring(dot + 1);
        }
        return rest;
    }
}

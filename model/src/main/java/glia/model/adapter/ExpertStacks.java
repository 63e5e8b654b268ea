package glia.model.adapter;

import glia.model.Model;
import glia.model.adapter.AdapterModule.Part;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.HubOrders;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The stacked experts of a model that `target_parameters` of an adapter's config names. In files several of one module
/// are nested: the last has the name of the module, the one before it that name with `.base_layer`, and so on.
final class ExpertStacks {
    private static final Set<Role> MATRICES = EnumSet.of(Role.GATE, Role.UP, Role.DOWN);
    private static final Pattern SEPARATE = Pattern.compile("(.*\\.experts\\.)\\d+\\..*");
    private static final Pattern STACKED = Pattern.compile("(.*\\.(gate_up_proj|up_proj|down_proj))(\\.weight)?");
    private static final String DOWN = "down_proj";
    private static final String BASE = ".base_layer";
    /// Mixtral's name of a mixture in files, and that in memory.
    private static final String IN_FILES = ".block_sparse_moe.";
    private static final String IN_MEMORY = ".mlp.";
    private static final Source WHOLE = new Source.Stored("outputs");

    private final Model model;
    private final Optional<Family> family;
    /// The selected stacks of each module, in the order of their definition.
    private final Map<String, List<ExpertStack>> modules = new LinkedHashMap<>();
    private final Map<String, List<ExpertStack>> byShortName = new LinkedHashMap<>();

    /// A stack, and its name in files without `lora_A` and `lora_B`.
    record At(ExpertStack stack, String name) { }

    /// A parameter of one expert, and the names of the stack that it is in.
    private record Found(List<String> names, Part part, boolean isSwapped) { }

    /// @param targets names of parameters, or the ends of names
    ExpertStacks(Model model, List<String> targets) {
        this.model = model;
        family = Families.ofModelType(model.spec().modelType());
        for (ExpertStack stack : targets.isEmpty() ? List.<ExpertStack>of() : all()) {
            if (targets.stream().anyMatch(stack::isNamed)) {
                List<ExpertStack> ofModule = modules.computeIfAbsent(ExpertStack.module(stack.path()),
                        name -> new ArrayList<>());
                ofModule.add(stack.path().endsWith(DOWN) ? ofModule.size() : 0, stack);
                stack.names().forEach(name -> byShortName.put(AdapterModules.shortName(ExpertStack.module(name)),
                        ofModule));
            }
        }
    }

    private List<ExpertStack> all() {
        HubOrders orders = HubOrders.of(model);
        Map<String, List<Found>> all = new LinkedHashMap<>();
        for (Parameter p : model.sources().keySet()) {
            if (p.expert() >= 0 && MATRICES.contains(p.role()) && family.isPresent()) {
                find(p, orders).ifPresent(found ->
                        all.computeIfAbsent(found.names.getFirst(), name -> new ArrayList<>()).add(found));
            }
        }
        return all.values().stream().map(this::stack).toList();
    }

    private ExpertStack stack(List<Found> found) {
        Part first = found.getFirst().part;
        long[] shape = model.weights().get(first.parameter()).shape();
        int experts = 1 + found.stream().mapToInt(f -> f.part.parameter().expert()).max().orElse(0);
        return new ExpertStack(found.getFirst().names, found.stream().map(Found::part).toList(), experts,
                Math.toIntExact(first.place().storedShape(shape)[0]), Math.toIntExact(shape[1]),
                found.getFirst().isSwapped);
    }

    private Optional<Found> find(Parameter p, HubOrders all) {
        int rows = model.weights().get(p).rows();
        Optional<HubOrders.Orders> orders = all.of(p, rows);
        Source source = family.orElseThrow().source(model.spec(), p);
        Source separate = source instanceof Source.Either either && !isSeparate(either.first()) ? either.second()
                : source;
        Source stacked = stacked(source);
        Parameter gate = new Parameter(p.place(), Role.GATE, p.expert());
        boolean isGated = model.sources().containsKey(gate);
        Set<String> names = new LinkedHashSet<>();
        for (String name : separate.stored().names()) {
            Matcher matcher = SEPARATE.matcher(name);
            if (matcher.matches()) {
                String last = p.role() == Role.DOWN ? DOWN : isGated ? "gate_up_proj" : "up_proj";
                names.add(matcher.group(1).replace(IN_FILES, IN_MEMORY) + last);
                names.add(matcher.group(1) + last);
            }
        }
        boolean isStacked = false;
        for (String name : stacked.stored().names()) {
            Matcher matcher = STACKED.matcher(name);
            boolean isHalf = name.contains("gate_up_proj") && !isGated;
            if (matcher.matches() && !SEPARATE.matcher(name).matches() && !isHalf) {
                names.add(matcher.group(1));
                isStacked = true;
            }
        }
        if (names.isEmpty() || orders.isEmpty()) {
            return Optional.empty();
        }
        Source place = isStacked ? outputs(stacked) : isGated && p.role() != Role.DOWN
                ? new Source.Rows(WHOLE, p.role() == Role.GATE ? 0 : rows, rows, 2 * rows) : WHOLE;
        boolean isSwapped = isStacked && isInputsFirst(stacked)
                && !(isGated && isInTurn(stacked(family.get().source(model.spec(), gate))));
        return Optional.of(new Found(List.copyOf(names), new Part(p, place, orders.get()), isSwapped));
    }

    private static Source stacked(Source source) {
        return source instanceof Source.Either either
                ? isSeparate(either.first()) ? either.second() : either.first() : source;
    }

    /// Whether each expert has a tensor.
    private static boolean isSeparate(Source source) {
        return source.stored().names().stream().anyMatch(name -> SEPARATE.matcher(name).matches());
    }

    /// The place among an expert's outputs of a part of a stack.
    private static Source outputs(Source stacked) {
        return switch (stacked) {
            case Source.Rows r -> new Source.Rows(outputs(r.of()), r.from(), r.count(), r.total());
            case Source.Every e -> new Source.Every(outputs(e.of()), e.from(), e.count(), e.total());
            default -> WHOLE;
        };
    }

    private static boolean isInTurn(Source stacked) {
        return stacked instanceof Source.Every;
    }

    private static boolean isInputsFirst(Source stacked) {
        return switch (stacked) {
            case Source.Rows r -> isInputsFirst(r.of());
            case Source.Every e -> isInputsFirst(e.of());
            default -> stacked instanceof Source.Transposed;
        };
    }

    /// All selected stacks, with their names in files.
    List<At> selected() {
        List<At> all = new ArrayList<>();
        for (List<ExpertStack> ofModule : modules.values()) {
            for (int i = 0; i < ofModule.size(); i++) {
                ExpertStack stack = ofModule.get(i);
                all.add(new At(stack, ExpertStack.module(stack.path()) + BASE.repeat(ofModule.size() - 1 - i)));
            }
        }
        return all;
    }

    /// The selected stack whose adapter has this name in files.
    Optional<At> find(String path) {
        String module = path;
        int depth = 0;
        while (module.endsWith(BASE)) {
            module = module.substring(0, module.length() - BASE.length());
            depth++;
        }
        List<ExpertStack> ofModule = byShortName.getOrDefault(AdapterModules.shortName(module), List.of());
        return depth < ofModule.size() ? Optional.of(new At(ofModule.get(ofModule.size() - 1 - depth), path))
                : Optional.empty();
    }

    /// A parameter that holds a matrix of each expert of a layer, `[experts, …]`, in the models of Transformers, such
    /// as
    /// `model.layers.0.mlp.experts.gate_up_proj`. PEFT names it in `target_parameters`. Its adapter has A
    /// `[experts·r, K]`, the factors of one expert after those of another, and B `[R, r·experts]`, whose columns take
    /// turns: column
    /// `i·experts + e` is column `i` of expert `e`.
    ///
    /// @param names the full names of the parameter, first the one in memory; checkpoints may have others
    /// @param parts the parameters of all experts, each with its place among the outputs of its expert's matrix
    /// @param experts the number of experts
    /// @param rows outputs of an expert's matrix
    /// @param cols inputs
    /// @param isSwapped whether PEFT takes the inputs for outputs, as it does for matrices that are stored inputs first
    ///     without saying so (Llama 4)
    record ExpertStack(List<String> names, List<Part> parts, int experts, int rows, int cols, boolean isSwapped) {
        ExpertStack {
            names = List.copyOf(names);
            parts = List.copyOf(parts);
        }

        /// The full name of the parameter.
        String path() {
            return names.getFirst();
        }

        /// The module of a parameter.
        static String module(String name) {
            return name.substring(0, name.lastIndexOf('.'));
        }

        /// Whether a name of `target_parameters` is this parameter's, or the end of it.
        boolean isNamed(String target) {
            return names.stream().anyMatch(name -> name.equals(target) || name.endsWith("." + target));
        }

        /// The columns of A.
        int columnsOfA() {
            return isSwapped ? rows : cols;
        }

        /// The rows of B.
        int rowsOfB() {
            return isSwapped ? cols : rows;
        }

        /// A place among an expert's outputs within another expression.
        static Source on(Source place, Source base) {
            return switch (place) {
                case Source.Stored s -> base;
                case Source.Rows r -> new Source.Rows(on(r.of(), base), r.from(), r.count(), r.total());
                case Source.Every e -> new Source.Every(on(e.of(), base), e.from(), e.count(), e.total());
                default -> throw new IllegalStateException("no place of rows: " + place);
            };
        }
    }
}

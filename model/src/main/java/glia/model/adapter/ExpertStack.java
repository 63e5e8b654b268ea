package glia.model.adapter;

import glia.model.adapter.AdapterModule.Part;
import glia.model.layout.Source;
import java.util.List;

/// A parameter that holds a matrix of each expert of a layer, `[experts, …]`, in the models of Transformers, such as
/// `model.layers.0.mlp.experts.gate_up_proj`. PEFT names it in `target_parameters`. Its adapter has A `[experts·r, K]`,
/// the factors of one expert after those of another, and B `[R, r·experts]`, whose columns take turns: column
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

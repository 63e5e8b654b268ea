package glia.model.adapter;

import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.model.write.HubOrders;
import java.util.List;
import java.util.Optional;

/// A linear or embedding module of a model as PEFT names it: one matrix of the checkpoint, which may hold several
/// parameters, such as fused queries, keys and values.
///
/// @param path the name without `.weight`, such as `model.layers.0.self_attn.q_proj`
/// @param parts the parameters in the matrix
/// @param rows outputs, or entries of an embedding
/// @param cols inputs, or the size of an embedding
public record AdapterModule(String path, Kind kind, List<Part> parts, int rows, int cols) {
    /// How a module is used.
    public enum Kind {
        /// A linear map.
        LINEAR,
        /// A linear map that `all-linear` leaves out: the output head, a router of experts.
        OTHER_LINEAR,
        /// A lookup of rows.
        EMBEDDING
    }

    /// A parameter of the module.
    ///
    /// @param place the place of its rows in a tensor that has a row for each output of the module
    /// @param orders the order of its rows and columns in the model, relative to the hub's layout
    public record Part(Parameter parameter, Source place, HubOrders.Orders orders) { }

    public AdapterModule {
        parts = List.copyOf(parts);
    }

    /// The same module under another name.
    AdapterModule named(String other) {
        return new AdapterModule(other, kind, parts, rows, cols);
    }

    /// The last word of the path.
    String lastName() {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /// The place of a parameter's rows, in a tensor `[outputs, …]`, given the source of the parameter; empty if it is
    /// not made of rows of one matrix, as in a stack of experts.
    static Optional<Source> rows(Source source) {
        return switch (source) {
            case Source.Stored s -> Optional.of(s);
            case Source.Transposed t -> t.of() instanceof Source.Stored s ? Optional.of(s) : Optional.empty();
            case Source.Rows r -> rows(r.of()).map(of -> new Source.Rows(of, r.from(), r.count(), r.total()));
            case Source.Every e -> rows(e.of()).map(of -> new Source.Every(of, e.from(), e.count(), e.total()));
            case Source.Slice s -> Optional.empty();
            case Source.Shaped s -> Optional.empty();
            case Source.Either e -> Optional.empty();
        };
    }
}

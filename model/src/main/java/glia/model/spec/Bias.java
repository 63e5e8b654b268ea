package glia.model.spec;

/// Which projections of a mixer add a bias.
public enum Bias {
    NONE,
    /// Only the input projections: queries, keys and values.
    INPUTS,
    ALL
}

package glia.model.spec;

/// Which projections of a mixer add a bias.
public enum Bias {
    NONE,
    /// Those into the mixer: queries, keys and values.
    INPUTS,
    ALL
}

package glia.model.spec;

/// Which projections of a mixer add a bias.
public enum Bias {
    NONE,
    /// Only the input projections: queries, keys and values.
    INPUTS,
    /// Only the output projection.
    OUTPUT,
    ALL;

    /// By whether the input projections and the output projection have biases.
    public static Bias of(boolean inputs, boolean output) {
        return inputs ? output ? ALL : INPUTS : output ? OUTPUT : NONE;
    }

    /// Whether the input projections have biases.
    public boolean ofInputs() {
        return this == INPUTS || this == ALL;
    }

    /// Whether the output projection has one.
    public boolean ofOutput() {
        return this == OUTPUT || this == ALL;
    }
}

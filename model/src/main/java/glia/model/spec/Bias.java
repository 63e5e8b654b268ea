package glia.model.spec;

/// Which projections of a mixer add a bias.
public enum Bias {
    NONE,
    /// Only the input projections: queries, keys and values.
    INPUTS,
    /// Only the output projection.
    OUTPUT,
    ALL,
    /// All but that of the keys.
    ALL_BUT_KEYS;

    /// By whether the input projections and the output projection have biases.
    public static Bias of(boolean inputs, boolean output) {
        return inputs ? output ? ALL : INPUTS : output ? OUTPUT : NONE;
    }

    /// Whether the input projections have biases.
    public boolean ofInputs() {
        return this == INPUTS || this == ALL || this == ALL_BUT_KEYS;
    }

    /// Whether the projection of keys has one.
    public boolean ofKeys() {
        return ofInputs() && this != ALL_BUT_KEYS;
    }

    /// Whether the output projection has one.
    public boolean ofOutput() {
        return this == OUTPUT || this == ALL || this == ALL_BUT_KEYS;
    }
}

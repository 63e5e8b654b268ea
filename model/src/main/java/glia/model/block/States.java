package glia.model.block;

import glia.tensor.kernel.KeyValueState;

/// What the sequences of a pass remember, one state for each mixer that has one.
public interface States {
    /// No memory: every sequence is whole and starts at position 0, as in training.
    States NONE = sublayer -> KeyValueState.NONE;

    /// Keys and values of the attention in sublayer `sublayer`.
    KeyValueState keyValues(int sublayer);
}

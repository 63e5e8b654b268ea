package glia.engine.state;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;

/// Keys and values that a sequence remembers.
interface KeyValueMemory extends Memory {
    /// Stores rows `from` to `to`; `advance` makes them count.
    ///
    /// @param position of the first token of the pass
    /// @return all keys and values that the tokens of the pass look at
    /// @throws IllegalArgumentException if the memory does not go on at that position
    /// @throws StateMemoryException if there is no room
    KeyValues append(Tensor keys, Tensor values, int from, int to, int position);
}

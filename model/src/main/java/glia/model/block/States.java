package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RecurrentState;

/// What the sequences of a pass remember. A mixer at a place finds each of its `caches()` by the index there.
public interface States {
    /// No memory: every sequence is whole and starts at position 0, as in training.
    States NONE = new States() {
        @Override
        public KeyValueState keyValues(Place place, int index) {
            return KeyValueState.NONE;
        }

        @Override
        public RecurrentState recurrence(Place place, int index) {
            return RecurrentState.NONE;
        }
    };

    /// Keys and values, or rows that serve as both and are appended as both.
    KeyValueState keyValues(Place place, int index);

    RecurrentState recurrence(Place place, int index);
}

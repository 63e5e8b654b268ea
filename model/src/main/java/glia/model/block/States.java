package glia.model.block;

import glia.model.spec.Place;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RecurrentState;

/// The caches of the sequences of a pass, by place and by index in `Mixer.caches()`.
public interface States {
    /// No caches: every sequence is complete and starts at position 0, as in training.
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

    /// The KV cache, or rows that serve as keys and values.
    KeyValueState keyValues(Place place, int index);

    RecurrentState recurrence(Place place, int index);
}

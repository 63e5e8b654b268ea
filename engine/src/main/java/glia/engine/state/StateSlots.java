package glia.engine.state;

import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.CacheKind;
import java.util.ArrayList;
import java.util.List;

/// Numbers the caches and recurrent states of a model, from 0.
final class StateSlots {
    private final List<CacheKind> all = new ArrayList<>();
    /// The first slot of the mixer of a sublayer and branch.
    private final int[][] first;

    /// The slots of a model.
    StateSlots(ModelSpec spec) {
        this(spec, 0, spec.sublayers().size());
    }

    /// The slots of the sublayers from `from` to `to`.
    StateSlots(ModelSpec spec, int from, int to) {
        first = new int[to][];
        for (int i = from; i < to; i++) {
            List<Mixer> mixers = spec.mixers(i);
            first[i] = new int[mixers.size()];
            for (int branch = 0; branch < first[i].length; branch++) {
                first[i][branch] = all.size();
                all.addAll(mixers.get(branch).caches());
            }
        }
    }

    /// The kind of each slot.
    List<CacheKind> all() {
        return all;
    }

    /// The slot of cache `index` of the mixer at a place.
    int of(Place place, int index) {
        return first[place.sublayer()][place.branch()] + index;
    }
}

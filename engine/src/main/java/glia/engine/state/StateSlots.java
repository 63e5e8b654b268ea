package glia.engine.state;

import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.CacheKind;
import java.util.ArrayList;
import java.util.List;

/// Numbers everything that a sequence of a model remembers, from 0 on.
final class StateSlots {
    private final List<CacheKind> all = new ArrayList<>();
    /// The number of the first thing that the mixer of a sublayer and branch remembers.
    private final int[][] first;

    /// Of a model.
    StateSlots(ModelSpec spec) {
        this(spec, 0, spec.sublayers().size());
    }

    /// Of the sublayers from one to another.
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

    /// What is remembered, by number.
    List<CacheKind> all() {
        return all;
    }

    /// The number of thing `index` of the mixer at a place.
    int of(Place place, int index) {
        return first[place.sublayer()][place.branch()] + index;
    }
}

package glia.model.block;

import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;
import java.util.Map;

/// The weights of a model by their names inside Glia.
public final class Weights {
    private final Map<Parameter, Weight> all;

    public Weights(Map<Parameter, Weight> all) {
        this.all = Map.copyOf(all);
    }

    public Weight get(Place place, Role role) {
        return get(new Parameter(place, role));
    }

    /// A weight of one expert.
    public Weight get(Place place, Role role, int expert) {
        return get(new Parameter(place, role, expert));
    }

    public Weight get(Parameter p) {
        Weight w = all.get(p);
        if (w == null) {
            throw new IllegalArgumentException("the model has no parameter " + p);
        }
        return w;
    }

    /// Every parameter with its weight.
    public Map<Parameter, Weight> all() {
        return all;
    }
}

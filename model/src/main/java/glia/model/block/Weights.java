package glia.model.block;

import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;
import java.util.Map;

/// The weights of a model by their names inside Glia.
public final class Weights {
    private final Map<Parameter, Weight> all;

    public Weights(Map<Parameter, Weight> all) {
        this.all = Map.copyOf(all);
    }

    public Weight get(int sublayer, Role role) {
        Parameter p = new Parameter(sublayer, role);
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

package glia.model.block;

import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/// The weights of a model by `Parameter`.
public final class Weights {
    private final Map<Parameter, Weight> all;
    private final UnaryOperator<Place> owner;

    public Weights(Map<Parameter, Weight> all) {
        this(Map.copyOf(all), place -> place);
    }

    private Weights(Map<Parameter, Weight> all, UnaryOperator<Place> owner) {
        this.all = all;
        this.owner = owner;
    }

    /// A view in which places that share parameters have them.
    ///
    /// @param owners the place that holds the parameters of a place
    Weights shared(UnaryOperator<Place> owners) {
        return new Weights(all, place -> owner.apply(owners.apply(place)));
    }

    public Weight get(Place place, Role role) {
        return get(new Parameter(place, role));
    }

    /// A weight of one expert.
    public Weight get(Place place, Role role, int expert) {
        return get(new Parameter(place, role, expert));
    }

    public Weight get(Parameter p) {
        Weight w = all.get(new Parameter(owner.apply(p.place()), p.role(), p.expert()));
        if (w == null) {
            throw new IllegalArgumentException("the model has no parameter " + p);
        }
        return w;
    }

    /// Whether there is a parameter.
    boolean has(Place place, Role role) {
        return all.containsKey(new Parameter(owner.apply(place), role, -1));
    }

    /// A copy with other weights of some parameters.
    ///
    /// @throws IllegalArgumentException if the model has no such parameter, or its shape is another
    public Weights with(Map<Parameter, ? extends Weight> others) {
        Map<Parameter, Weight> changed = new HashMap<>(all);
        others.forEach((p, w) -> {
            if (!Arrays.equals(get(p).shape(), w.shape())) {
                throw new IllegalArgumentException(p + " has shape " + Arrays.toString(w.shape()) + ", the model's is "
                        + Arrays.toString(get(p).shape()));
            }
            changed.put(p, w);
        });
        return new Weights(changed);
    }

    /// A version that grows with every update of a weight. Results computed before, such as a KV cache, belong to an
    /// older version.
    public long version() {
        long version = 0;
        for (Weight w : all.values()) {
            version += w.version();
        }
        return version;
    }

    /// All weights by parameter.
    public Map<Parameter, Weight> all() {
        return all;
    }
}

package glia.model.spec;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Gathers parameters with their shapes, `[outputs, inputs]` for matrices, place by place.
public final class Shapes {
    private final SequencedMap<Parameter, long[]> all = new LinkedHashMap<>();
    private Place place = Place.WHOLE;

    Shapes() { }

    /// Goes on with the parameters of another place.
    Shapes at(Place next) {
        place = next;
        return this;
    }

    /// The place whose parameters are named now.
    Place place() {
        return place;
    }

    SequencedMap<Parameter, long[]> all() {
        return all;
    }

    public void add(Role role, long... shape) {
        all.put(new Parameter(place, role), shape);
    }

    /// A parameter of one expert.
    public void addExpert(int expert, Role role, long... shape) {
        all.put(new Parameter(place, role, expert), shape);
    }

    /// A matrix `[outputs, inputs]`, and its bias where it has one.
    public void linear(Role weight, Role bias, boolean hasBias, long outputs, long inputs) {
        add(weight, outputs, inputs);
        if (hasBias) {
            add(bias, outputs);
        }
    }

    /// The parameters of a norm of `size` numbers.
    public void norm(Norm norm, Role weight, Role bias, long size) {
        switch (norm) {
            case Norm.None none -> { }
            case Norm.UnitRms rms -> { }
            case Norm.Rms rms -> add(weight, size);
            case Norm.UnbiasedLayer layer -> add(weight, size);
            case Norm.Layer layer -> {
                add(weight, size);
                add(bias, size);
            }
        }
    }
}

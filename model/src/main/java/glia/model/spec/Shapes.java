package glia.model.spec;

import java.util.function.BiConsumer;

/// Receives the parameters of a spec one by one with their shapes, `[outputs, inputs]` for matrices, place by place.
public final class Shapes {
    private final BiConsumer<Parameter, long[]> consumer;
    private Place place = Place.WHOLE;

    Shapes(BiConsumer<Parameter, long[]> consumer) {
        this.consumer = consumer;
    }

    /// Continues with the parameters of another place.
    Shapes at(Place next) {
        place = next;
        return this;
    }

    /// The current place.
    Place place() {
        return place;
    }

    public void add(Role role, long... shape) {
        consumer.accept(new Parameter(place, role), shape);
    }

    /// A parameter of one expert.
    public void addExpert(int expert, Role role, long... shape) {
        consumer.accept(new Parameter(place, role, expert), shape);
    }

    /// A matrix `[outputs, inputs]` and its bias, if it has one.
    public void linear(Role weight, Role bias, boolean hasBias, long outputs, long inputs) {
        add(weight, outputs, inputs);
        if (hasBias) {
            add(bias, outputs);
        }
    }

    /// The parameters of a norm over `size` dimensions.
    public void norm(Norm norm, Role weight, Role bias, long size) {
        switch (norm) {
            case Norm.None none -> { }
            case Norm.UnitRms _, Norm.UnitLayer _, Norm.Signed _ -> { }
            case Norm.Rms rms -> add(weight, size);
            case Norm.UnbiasedLayer _, Norm.LayerScale _ -> add(weight, size);
            case Norm.Layer _, Norm.Standardized _, Norm.BiasedRms _ -> {
                add(weight, size);
                add(bias, size);
            }
        }
    }
}

package glia.model.spec;

import java.util.function.UnaryOperator;

/// A mixer whose input gets the output of another one added: `mixer(norm(x + source(x)))`. The stream itself does not
/// get it. The source has the place `(sublayer, 1)`, the norm and the mixer have `(sublayer, 2)`.
/// https://arxiv.org/abs/2411.15242
public record Injected(Mixer source, Norm norm, Mixer mixer) implements Mixer {
    public Injected {
        if (source instanceof Parallel || source instanceof Injected || mixer instanceof Parallel
                || mixer instanceof Injected) {
            throw new IllegalArgumentException("parts of an injection that have branches themselves");
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        int sublayer = shapes.place().sublayer();
        source.parameters(shapes.at(new Place(sublayer, 1)), hidden);
        shapes.at(new Place(sublayer, 2)).norm(norm, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, hidden);
        mixer.parameters(shapes, hidden);
    }

    /// None; both mixers have their own.
    @Override
    public String describe() {
        return mixer.describe() + " of " + source.describe();
    }

    Injected map(UnaryOperator<Mixer> change) {
        return new Injected(change.apply(source), norm, change.apply(mixer));
    }

    Injected mapNorms(UnaryOperator<Norm> change) {
        return new Injected(source, change.apply(norm), mixer);
    }
}

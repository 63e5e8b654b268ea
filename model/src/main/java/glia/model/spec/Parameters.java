package glia.model.spec;

import java.util.List;
import java.util.SequencedMap;

/// All parameters of a spec and their shapes.
public final class Parameters {
    private Parameters() { }

    /// The shapes of a model's parameters, `[outputs, inputs]` for matrices, in the order in which a pass uses them.
    public static SequencedMap<Parameter, long[]> of(ModelSpec spec) {
        Shapes shapes = new Shapes();
        int hidden = spec.hiddenSize();
        spec.embedding().parameters(shapes, spec.vocabSize(), hidden);
        spec.encoder().ifPresent(e -> {
            sublayers(shapes, e.sublayers(), spec.sublayers().size(), hidden);
            shapes.at(Place.WHOLE).norm(e.finalNorm(), Role.ENCODER_FINAL_WEIGHT, Role.ENCODER_FINAL_BIAS, hidden);
        });
        sublayers(shapes, spec.sublayers(), 0, hidden);
        shapes.at(Place.WHOLE).norm(spec.finalNorm(), Role.FINAL_WEIGHT, Role.FINAL_BIAS, hidden);
        spec.head().parameters(shapes, spec.vocabSize(), hidden);
        for (int draft = 0; draft < spec.drafts().size(); draft++) {
            spec.drafts().get(draft).parameters(shapes, spec.firstPlace(draft), hidden);
        }
        return shapes.all();
    }

    static void sublayers(Shapes shapes, List<Sublayer> sublayers, int firstPlace, int hidden) {
        for (int i = 0; i < sublayers.size(); i++) {
            Sublayer s = sublayers.get(i);
            Place place = Place.of(firstPlace + i);
            shapes.at(place).norm(s.before(), Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, hidden);
            s.mixer().parameters(shapes, hidden);
            shapes.at(place).norm(s.after(), Role.AFTER_WEIGHT, Role.AFTER_BIAS, hidden);
            if (s.residual() instanceof Residual.Scaled) {
                shapes.add(Role.LAYER_SCALE, 1);
            }
        }
    }

    /// The number of parameters.
    public static long count(ModelSpec spec) {
        return of(spec).values().stream().mapToLong(Parameters::size).sum();
    }

    /// The numbers of a shape.
    public static long size(long[] shape) {
        long product = 1;
        for (long n : shape) {
            product *= n;
        }
        return product;
    }
}

package glia.model.spec;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.BiConsumer;

/// All parameters of a spec and their shapes.
public final class Parameters {
    private static final int MOST = 1 << 20;

    private Parameters() { }

    /// The shapes of a model's parameters, `[outputs, inputs]` for matrices, in the order in which a pass uses them.
    ///
    /// @throws IllegalArgumentException if there are more than a million
    public static SequencedMap<Parameter, long[]> of(ModelSpec spec) {
        SequencedMap<Parameter, long[]> all = new LinkedHashMap<>();
        forEach(spec, (parameter, shape) -> {
            if (all.size() == MOST) {
                throw new IllegalArgumentException("found more than " + MOST + " tensors in " + spec.numLayers()
                        + " layers, expected fewer");
            }
            all.put(parameter, shape);
        });
        return all;
    }

    /// Passes the parameters to a consumer one by one, in the same order, without collecting them. A consumer that
    /// throws at the first parameter that a file does not hold does work in proportion to the file, whatever counts the
    /// spec has: a layer's router, which has a row for each expert, comes before its experts.
    public static void forEach(ModelSpec spec, BiConsumer<Parameter, long[]> consumer) {
        Shapes shapes = new Shapes(consumer);
        int hidden = spec.hiddenSize();
        spec.embedding().parameters(shapes, spec.vocabSize(), hidden);
        spec.streams().ifPresent(streams -> streams.parameters(shapes, hidden));
        spec.encoder().ifPresent(e -> {
            shapes.at(Place.WHOLE);
            e.embedding().ifPresent(own -> own.encoderParameters(shapes, hidden));
            sublayers(shapes, e.sublayers(), spec.sublayers().size(), hidden);
            shapes.at(Place.WHOLE).norm(e.finalNorm(), Role.ENCODER_FINAL_WEIGHT, Role.ENCODER_FINAL_BIAS, hidden);
        });
        SharedLatentAttention.shared(spec.sublayers(), shapes.at(Place.WHOLE));
        sublayers(shapes, spec.sublayers(), 0, hidden);
        shapes.at(Place.WHOLE).norm(spec.finalNorm(), Role.FINAL_WEIGHT, Role.FINAL_BIAS, hidden);
        spec.head().parameters(shapes, spec.vocabSize(), hidden);
        for (int draft = 0; draft < spec.drafts().size(); draft++) {
            spec.drafts().get(draft).parameters(shapes, spec.firstPlace(draft), hidden);
        }
        for (int tower = 0; tower < spec.towers().size(); tower++) {
            int number = tower;
            forEach(spec.towers().get(tower).body(), (p, shape) -> consumer.accept(new Parameter(
                    spec.towerPlace(number, p.place()), p.role(), p.expert()), shape));
            spec.towers().get(tower).projectorParameters(shapes, spec.towerPlace(tower, Place.WHOLE).sublayer());
        }
    }

    static void sublayers(Shapes shapes, List<Sublayer> sublayers, int firstPlace, int hidden) {
        for (int i = 0; i < sublayers.size(); i++) {
            Sublayer s = sublayers.get(i);
            if (s.sharedWith().isPresent()) {
                continue;
            }
            Place place = Place.of(firstPlace + i);
            shapes.at(place).norm(s.before(), Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, hidden);
            s.mixer().parameters(shapes, hidden);
            shapes.at(place).norm(s.after(), Role.AFTER_WEIGHT, Role.AFTER_BIAS, hidden);
            s.residual().parameters(shapes, hidden);
        }
    }

    /// The number of parameters.
    public static long count(ModelSpec spec) {
        return of(spec).values().stream().mapToLong(Parameters::size).sum();
    }

    /// The number of elements of a shape.
    public static long size(long[] shape) {
        long product = 1;
        for (long n : shape) {
            product *= n;
        }
        return product;
    }
}

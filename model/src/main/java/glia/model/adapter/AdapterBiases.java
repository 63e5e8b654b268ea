package glia.model.adapter;

import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.tensor.Tensor;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The biases of modules with an adapter.
final class AdapterBiases {
    static final String BIAS = ".bias";

    private AdapterBiases() { }

    /// The bias that is added to the outputs of a part of a module.
    static Optional<Parameter> of(AdapterModules names, AdapterModule m, AdapterModule.Part part) {
        return names.tensor(m.path() + BIAS).flatMap(bias -> bias.parts().stream()
                .filter(b -> AdapterModule.rows(b.place()).map(AdapterBiases::rows)
                        .equals(Optional.of(rows(part.place()))))
                .map(AdapterModule.Part::parameter).findFirst());
    }

    /// The rows of a place, without the name of the tensor.
    private static List<Object> rows(Source place) {
        List<Object> rows = new ArrayList<>();
        Source at = place;
        while (!(at instanceof Source.Stored)) {
            switch (at) {
                case Source.Rows r -> {
                    rows.add(List.of("rows", r.from(), r.count(), r.total()));
                    at = r.of();
                }
                case Source.Every e -> {
                    rows.add(List.of("every", e.from(), e.count(), e.total()));
                    at = e.of();
                }
                default -> throw new IllegalStateException("no place of rows: " + at);
            }
        }
        return rows;
    }

    /// `bias + scale · c` as a new weight.
    static Weight sum(Weight bias, LowRank adapted, Arena arena) {
        Tensor sum = bias.toF32(arena);
        Tensor c = adapted.bias().orElseThrow().tensor();
        for (long i = 0; i < sum.size(); i++) {
            sum.set(i, sum.get(i) + adapted.scale() * c.get(i));
        }
        return new Weight.Stored(sum);
    }
}

package glia.model.write;

import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/// Where the parameters of a model lie in a checkpoint that is yet to be written.
///
/// @param parameters those in each tensor, by its name
/// @param shapes of the tensors
record Places(Map<String, List<Parameter>> parameters, Map<Parameter, Source> sources, Map<String, long[]> shapes) {
    /// @param names where a family or a form puts a parameter; of several places it is the first
    static Places of(ModelSpec spec, BiFunction<ModelSpec, Parameter, Source> names) {
        Map<String, List<Parameter>> parameters = new LinkedHashMap<>();
        Map<Parameter, Source> sources = new LinkedHashMap<>();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Parameters.of(spec).forEach((p, shape) -> {
            Source source = names.apply(spec, p).in(Set.of());
            String name = source.stored().names().getFirst();
            parameters.computeIfAbsent(name, n -> new ArrayList<>()).add(p);
            sources.put(p, source);
            shapes.put(name, source.storedShape(shape));
        });
        return new Places(Collections.unmodifiableMap(parameters), sources, shapes);
    }

    Set<String> names() {
        return parameters.keySet();
    }
}

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

/// The parameters and shapes of the tensors of a checkpoint to be written.
///
/// @param parameters the parameters in each tensor, by tensor name
/// @param shapes the shape of each tensor
record Places(Map<String, List<Parameter>> parameters, Map<Parameter, Source> sources, Map<String, long[]> shapes) {
    /// @param names the source of a parameter in the family or GGUF form; of several names the first is used
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

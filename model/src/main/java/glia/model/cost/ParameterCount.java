package glia.model.cost;

import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Role;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/// The parameters of a model, part by part.
///
/// @param unused those of the experts that one token does not go through
/// @param tokenEmbedding those of the embedding that a tied head uses again; 0 if it is not tied
public record ParameterCount(Map<Part, Long> parts, long unused, long tokenEmbedding) {
    public ParameterCount {
        parts = Map.copyOf(parts);
    }

    /// Counts the parameters of a spec.
    public static ParameterCount of(ModelSpec spec) {
        Map<Part, Long> parts = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            parts.put(part, 0L);
        }
        Map<Parameter, long[]> shapes = Parameters.of(spec);
        shapes.forEach((p, shape) -> parts.merge(Part.of(p.role()), Parameters.size(shape), Long::sum));
        long unused = shapes.entrySet().stream().filter(e -> !TokenCost.isActive(spec, e.getKey()))
                .mapToLong(e -> Parameters.size(e.getValue())).sum();
        boolean tied = spec.head().matrix() == Head.Matrix.TIED;
        return new ParameterCount(parts, unused, tied ? Parameters.size(shapes.get(Parameter.of(Role.EMBEDDING))) : 0);
    }

    /// Those of all parts; what is tied counts once.
    public long total() {
        return of(EnumSet.allOf(Part.class));
    }

    /// Those that one token is multiplied with: without experts that it does not go through, and without embeddings,
    /// which are looked up.
    public long active() {
        return activeOf(EnumSet.of(Part.BODY, Part.HEAD));
    }

    /// Those of some parts that one token uses.
    public long activeOf(Set<Part> chosen) {
        return of(chosen) - (chosen.contains(Part.BODY) ? unused : 0);
    }

    /// Those of some parts; what is tied counts once.
    public long of(Set<Part> chosen) {
        long sum = 0;
        for (Part part : chosen) {
            sum += parts.get(part);
        }
        return chosen.contains(Part.HEAD) && !chosen.contains(Part.EMBEDDING) ? sum + tokenEmbedding : sum;
    }
}

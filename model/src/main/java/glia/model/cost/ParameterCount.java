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
/// @param unused the parameters of inactive experts
/// @param tokenEmbedding the parameters of the tied embedding; 0 if the head is not tied
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
        long[] unused = {0};
        long[] embedding = {0};
        Parameter token = Parameter.of(Role.EMBEDDING);
        Parameters.forEach(spec, (p, shape) -> {
            long size = Parameters.size(shape);
            parts.merge(Part.of(p.role()), size, Long::sum);
            unused[0] += TokenCost.isActive(spec, p) ? 0 : size;
            embedding[0] += p.equals(token) ? size : 0;
        });
        return new ParameterCount(parts, unused[0], spec.head().matrix() == Head.Matrix.TIED ? embedding[0] : 0);
    }

    /// The total; tied parameters count once.
    public long total() {
        return of(EnumSet.allOf(Part.class));
    }

    /// The active parameters per token: without inactive experts and without embeddings, which are looked up.
    public long active() {
        return activeOf(EnumSet.of(Part.BODY, Part.HEAD));
    }

    /// The active parameters of some parts.
    public long activeOf(Set<Part> chosen) {
        return of(chosen) - (chosen.contains(Part.BODY) ? unused : 0);
    }

    /// The parameters of some parts; tied ones count once.
    public long of(Set<Part> chosen) {
        long sum = 0;
        for (Part part : chosen) {
            sum += parts.get(part);
        }
        return chosen.contains(Part.HEAD) && !chosen.contains(Part.EMBEDDING) ? sum + tokenEmbedding : sum;
    }
}

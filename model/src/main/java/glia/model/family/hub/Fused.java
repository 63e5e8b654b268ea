package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Parameter;

/// Fused queries, keys and values, or their fused biases.
public final class Fused {
    private Fused() { }

    /// Concatenated, D rows each.
    public static Source stacked(Source all, Parameter p, int hidden) {
        return new Source.Rows(all, Math.multiplyExact(place(p), hidden), hidden, Math.multiplyExact(3, hidden));
    }

    /// Interleaved by head: query, key, value.
    static Source byHead(Source all, Parameter p, int headSize) {
        return new Source.Every(all, place(p), 3, headSize);
    }

    private static int place(Parameter p) {
        return switch (p.role()) {
            case QUERY, QUERY_BIAS -> 0;
            case KEY, KEY_BIAS -> 1;
            case VALUE, VALUE_BIAS -> 2;
            default -> throw StandardNames.unknown(p);
        };
    }
}

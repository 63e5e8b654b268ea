package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Parameter;

/// Queries, keys and values that lie in one matrix, or their biases in one vector.
public final class Fused {
    private Fused() { }

    /// One after the other, D rows each.
    public static Source stacked(Source all, Parameter p, int hidden) {
        return new Source.Rows(all, Math.multiplyExact(place(p), hidden), hidden, Math.multiplyExact(3, hidden));
    }

    /// Head by head: a head's query, its key, its value.
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

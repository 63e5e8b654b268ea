package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.util.List;

/// Fused queries, keys and values, or their fused biases.
public final class Fused {
    private Fused() { }

    /// Concatenated, D rows each.
    public static Source stacked(Source all, Parameter p, int hidden) {
        return new Source.Rows(all, Math.multiplyExact(place(p), hidden), hidden, Math.multiplyExact(3, hidden));
    }

    /// Interleaved by head: query, key, value.
    static Source byHead(Source all, Parameter p, int headSize) {
        return byGroup(all, p, 1, headSize);
    }

    /// Interleaved by key-value head: the queries that share it, key, value.
    static Source byGroup(Source all, Parameter p, int numQueries, int headSize) {
        int place = place(p);
        return new Source.Every(all, place == 0 ? 0 : (numQueries + place - 1) * headSize,
                place == 0 ? numQueries * headSize : headSize, (numQueries + 2) * headSize);
    }

    /// Queries, keys and values in one tensor, interleaved by key-value head; other parameters as they are.
    ///
    /// @param all the name of the tensor without layer and kind
    /// @param separate the source of a checkpoint with separate matrices
    public static Source byGroup(ModelSpec spec, Parameter p, String all, Source separate) {
        boolean fused = p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Attention && switch (p.role()) {
            case QUERY, QUERY_BIAS, KEY, KEY_BIAS, VALUE, VALUE_BIAS -> true;
            default -> false;
        };
        if (!fused) {
            return separate;
        }
        Attention a = (Attention) spec.mixer(p.place());
        return byGroup(separate.renamed(name -> List.of(name.replaceFirst("[a-z_]+\\.[qkv]_proj", all))), p,
                a.numHeads() / a.numKeyValueHeads(), a.headSize());
    }

    /// Gate and up of a gated MLP in one matrix `gate_up_proj`, gates first; other parameters as they are.
    ///
    /// @param separate the source of a checkpoint with separate matrices
    public static Source gateUp(ModelSpec spec, Parameter p, Source separate) {
        if (p.role() != Role.GATE && p.role() != Role.UP) {
            return separate;
        }
        int width = ((GatedMlp) spec.mixer(p.place())).intermediateSize();
        Source both = separate.renamed(name -> List.of(name.replaceFirst("(gate|up)_proj", "gate_up_proj")));
        return new Source.Rows(both, p.role() == Role.GATE ? 0 : width, width, 2 * width);
    }

    /// Queries, keys and values of a layer in one matrix `qkv_proj`; other parameters as they are.
    public static Source queriesKeysValues(ModelSpec spec, Parameter p, Source separate) {
        if (p.sublayer() < 0 || !(spec.mixer(p.place()) instanceof Attention a)) {
            return separate;
        }
        int queries = a.querySize();
        int keys = a.keyValueSize();
        Source all = separate.renamed(name -> List.of(name.replaceFirst("[qkv]_proj", "qkv_proj")));
        return switch (p.role()) {
            case QUERY, QUERY_BIAS -> new Source.Rows(all, 0, queries, queries + 2 * keys);
            case KEY, KEY_BIAS -> new Source.Rows(all, queries, keys, queries + 2 * keys);
            case VALUE, VALUE_BIAS -> new Source.Rows(all, queries + keys, keys, queries + 2 * keys);
            default -> separate;
        };
    }

    /// The matrices of gates, queries, keys and values of a layer in one `attn.gqkv_proj`; other parameters, among them
    /// biases, as they are.
    public static Source gateQueriesKeysValues(ModelSpec spec, Parameter p, Source separate) {
        int place = List.of(Role.ATTENTION_GATE, Role.QUERY, Role.KEY, Role.VALUE).indexOf(p.role());
        if (place < 0) {
            return separate;
        }
        int size = ((Attention) spec.mixer(p.place())).querySize();
        return new Source.Rows(separate.renamed(name -> List.of(name.replaceFirst("self_attn\\.[a-z]+_proj",
                "attn.gqkv_proj"))), place * size, size, 4 * size);
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

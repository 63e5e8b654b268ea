package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of BLOOM's tensors on the hub; the first checkpoints lack the prefix `transformer.`.
public final class BloomNames {
    private BloomNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> stored("word_embeddings.weight");
                case EMBEDDING_NORM_WEIGHT -> stored("word_embeddings_layernorm.weight");
                case EMBEDDING_NORM_BIAS -> stored("word_embeddings_layernorm.bias");
                case FINAL_WEIGHT -> stored("ln_f.weight");
                case FINAL_BIAS -> stored("ln_f.bias");
                case HEAD -> new Source.Stored("lm_head.weight");
                default -> throw StandardNames.unknown(p);
            };
        }
        String h = "h." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        int size = mixer instanceof Attention a ? a.headSize() : 0;
        String norm = h + (mixer instanceof Attention ? "input_layernorm" : "post_attention_layernorm");
        return switch (p.role()) {
            case BEFORE_WEIGHT -> stored(norm + ".weight");
            case BEFORE_BIAS -> stored(norm + ".bias");
            case QUERY, KEY, VALUE -> Fused.byHead(stored(h + "self_attention.query_key_value.weight"), p, size);
            case QUERY_BIAS, KEY_BIAS, VALUE_BIAS ->
                    Fused.byHead(stored(h + "self_attention.query_key_value.bias"), p, size);
            case OUTPUT -> stored(h + "self_attention.dense.weight");
            case OUTPUT_BIAS -> stored(h + "self_attention.dense.bias");
            case UP -> stored(h + "mlp.dense_h_to_4h.weight");
            case UP_BIAS -> stored(h + "mlp.dense_h_to_4h.bias");
            case DOWN -> stored(h + "mlp.dense_4h_to_h.weight");
            case DOWN_BIAS -> stored(h + "mlp.dense_4h_to_h.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored("transformer." + name, name);
    }
}

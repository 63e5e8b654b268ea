package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of ModernBERT's tensors on the hub.
public final class ModernBertNames {
    private ModernBertNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            String name = global(spec, p);
            return new Source.Stored(name, name.replaceFirst("^model\\.", ""));
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> stored(layer + norm(spec, p) + ".weight");
            case BEFORE_BIAS -> stored(layer + norm(spec, p) + ".bias");
            case QUERY, KEY, VALUE -> Fused.stacked(stored(layer + "attn.Wqkv.weight"), p, spec.hiddenSize());
            case QUERY_BIAS, KEY_BIAS, VALUE_BIAS ->
                    Fused.stacked(stored(layer + "attn.Wqkv.bias"), p, spec.hiddenSize());
            case OUTPUT -> stored(layer + "attn.Wo.weight");
            case OUTPUT_BIAS -> stored(layer + "attn.Wo.bias");
            case GATE -> half(spec, p, layer + "mlp.Wi.weight", 0);
            case UP -> half(spec, p, layer + "mlp.Wi.weight", 1);
            case GATE_BIAS -> half(spec, p, layer + "mlp.Wi.bias", 0);
            case UP_BIAS -> half(spec, p, layer + "mlp.Wi.bias", 1);
            case DOWN -> stored(layer + "mlp.Wo.weight");
            case DOWN_BIAS -> stored(layer + "mlp.Wo.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String norm(ModelSpec spec, Parameter p) {
        return spec.mixer(p.place()) instanceof Attention ? "attn_norm" : "mlp_norm";
    }

    private static Source half(ModelSpec spec, Parameter p, String name, int which) {
        int size = ((GatedMlp) spec.mixer(p.place())).intermediateSize();
        return new Source.Rows(stored(name), which * size, size, 2 * size);
    }

    /// A model without a head has no prefix.
    private static Source stored(String name) {
        return new Source.Stored(name, name.replaceFirst("^model\\.", ""));
    }

    private static String global(ModelSpec spec, Parameter p) {
        String head = spec.head().classes().isPresent() ? "classifier" : "decoder";
        return switch (p.role()) {
            case EMBEDDING -> "model.embeddings.tok_embeddings.weight";
            case EMBEDDING_NORM_WEIGHT -> "model.embeddings.norm.weight";
            case EMBEDDING_NORM_BIAS -> "model.embeddings.norm.bias";
            case FINAL_WEIGHT -> "model.final_norm.weight";
            case FINAL_BIAS -> "model.final_norm.bias";
            case TRANSFORM -> "head.dense.weight";
            case TRANSFORM_BIAS -> "head.dense.bias";
            case TRANSFORM_NORM_WEIGHT -> "head.norm.weight";
            case TRANSFORM_NORM_BIAS -> "head.norm.bias";
            case HEAD -> head + ".weight";
            case HEAD_BIAS -> head + ".bias";
            default -> throw StandardNames.unknown(p);
        };
    }
}

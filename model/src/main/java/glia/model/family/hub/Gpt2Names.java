package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Sublayer;

/// The names of GPT-2's tensors on the hub; the first checkpoints lack the prefix `transformer.`.
public final class Gpt2Names {
    private Gpt2Names() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> stored("wte.weight");
                case POSITIONS -> stored("wpe.weight");
                case FINAL_WEIGHT -> stored("ln_f.weight");
                case FINAL_BIAS -> stored("ln_f.bias");
                case HEAD -> new Source.Stored("lm_head.weight");
                default -> throw StandardNames.unknown(p);
            };
        }
        Sublayer s = spec.sublayer(p);
        boolean attention = s.mixer() instanceof Attention;
        String h = "h." + s.layer() + ".";
        String norm = h + (attention ? "ln_1" : "ln_2");
        return switch (p.role()) {
            case BEFORE_WEIGHT -> stored(norm + ".weight");
            case BEFORE_BIAS -> stored(norm + ".bias");
            case QUERY, KEY, VALUE -> Fused.stacked(new Source.Transposed(stored(h + "attn.c_attn.weight")), p,
                    spec.hiddenSize());
            case QUERY_BIAS, KEY_BIAS, VALUE_BIAS -> Fused.stacked(stored(h + "attn.c_attn.bias"), p,
                    spec.hiddenSize());
            case OUTPUT -> new Source.Transposed(stored(h + "attn.c_proj.weight"));
            case OUTPUT_BIAS -> stored(h + "attn.c_proj.bias");
            case UP -> new Source.Transposed(stored(h + "mlp.c_fc.weight"));
            case UP_BIAS -> stored(h + "mlp.c_fc.bias");
            case DOWN -> new Source.Transposed(stored(h + "mlp.c_proj.weight"));
            case DOWN_BIAS -> stored(h + "mlp.c_proj.bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored("transformer." + name, name);
    }
}

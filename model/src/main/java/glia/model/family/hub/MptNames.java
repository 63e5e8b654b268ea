package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of MPT's tensors on the hub.
public final class MptNames {
    private MptNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(switch (p.role()) {
                case EMBEDDING -> "transformer.wte.weight";
                case FINAL_WEIGHT -> "transformer.norm_f.weight";
                case HEAD -> "lm_head.weight";
                default -> throw StandardNames.unknown(p);
            });
        }
        String block = "transformer.blocks." + spec.sublayer(p).layer() + ".";
        boolean attention = spec.mixer(p.place()) instanceof Attention;
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(block + (attention ? "norm_1.weight" : "norm_2.weight"));
            case QUERY, KEY, VALUE ->
                    Fused.stacked(new Source.Stored(block + "attn.Wqkv.weight"), p, spec.hiddenSize());
            case OUTPUT -> new Source.Stored(block + "attn.out_proj.weight");
            case UP -> new Source.Stored(block + "ffn.up_proj.weight");
            case DOWN -> new Source.Stored(block + "ffn.down_proj.weight");
            default -> throw StandardNames.unknown(p);
        };
    }
}

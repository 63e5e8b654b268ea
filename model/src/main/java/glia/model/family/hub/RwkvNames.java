package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.TimeMix;
import java.util.List;

/// The names of the tensors of RWKV-4 on the hub.
public final class RwkvNames {
    private RwkvNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(switch (p.role()) {
                case EMBEDDING -> "rwkv.embeddings.weight";
                case EMBEDDING_NORM_WEIGHT -> "rwkv.blocks.0.pre_ln.weight";
                case EMBEDDING_NORM_BIAS -> "rwkv.blocks.0.pre_ln.bias";
                case FINAL_WEIGHT -> "rwkv.ln_out.weight";
                case FINAL_BIAS -> "rwkv.ln_out.bias";
                case HEAD -> "head.weight";
                default -> throw StandardNames.unknown(p);
            });
        }
        String block = "rwkv.blocks." + spec.sublayer(p).layer() + ".";
        boolean isTime = spec.mixer(p.place()) instanceof TimeMix;
        String at = block + (isTime ? "attention." : "feed_forward.");
        List<Long> width = List.of((long) spec.hiddenSize());
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(block + (isTime ? "ln1.weight" : "ln2.weight"));
            case BEFORE_BIAS -> new Source.Stored(block + (isTime ? "ln1.bias" : "ln2.bias"));
            case KEY_MIX, VALUE_MIX, GATE_MIX -> new Source.Shaped(new Source.Stored(at + mix(p.role())), width,
                    List.of(1L, 1L, width.getFirst()));
            case DECAY -> new Source.Stored(at + "time_decay");
            case BONUS -> new Source.Stored(at + "time_first");
            case KEY, UP -> new Source.Stored(at + "key.weight");
            case VALUE, DOWN -> new Source.Stored(at + "value.weight");
            case GATE -> new Source.Stored(at + "receptance.weight");
            case OUTPUT -> new Source.Stored(at + "output.weight");
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String mix(Role role) {
        return role == Role.KEY_MIX ? "time_mix_key" : role == Role.VALUE_MIX ? "time_mix_value"
                : "time_mix_receptance";
    }
}

package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.CrossAttention;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;

/// The names of the tensors of BART and Whisper on the hub.
public final class BartNames {
    private BartNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case HEAD -> new Source.Stored("lm_head.weight");
            case HEAD_BIAS -> new Source.Shaped(new Source.Stored("final_logits_bias"),
                    List.of((long) spec.vocabSize()), List.of(1L, (long) spec.vocabSize()));
            default -> stored(p.sublayer() < 0 ? global(p) : inLayer(spec, p));
        };
    }

    /// A model without a head has no prefix.
    private static Source stored(String name) {
        return new Source.Stored("model." + name, name);
    }

    private static String global(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "shared.weight";
            case POSITIONS -> "decoder.embed_positions.weight";
            case EMBEDDING_NORM_WEIGHT -> "decoder.layernorm_embedding.weight";
            case EMBEDDING_NORM_BIAS -> "decoder.layernorm_embedding.bias";
            case ENCODER_POSITIONS -> "encoder.embed_positions.weight";
            case ENCODER_EMBEDDING_NORM_WEIGHT -> "encoder.layernorm_embedding.weight";
            case ENCODER_EMBEDDING_NORM_BIAS -> "encoder.layernorm_embedding.bias";
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        boolean decodes = p.sublayer() < spec.sublayers().size();
        String layer = (decodes ? "decoder" : "encoder") + ".layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        String attention = layer + (mixer instanceof CrossAttention ? "encoder_attn" : "self_attn");
        String norm = mixer instanceof Mlp ? layer + "final_layer_norm" : attention + "_layer_norm";
        return switch (p.role()) {
            case QUERY -> attention + ".q_proj.weight";
            case QUERY_BIAS -> attention + ".q_proj.bias";
            case KEY -> attention + ".k_proj.weight";
            case KEY_BIAS -> attention + ".k_proj.bias";
            case VALUE -> attention + ".v_proj.weight";
            case VALUE_BIAS -> attention + ".v_proj.bias";
            case OUTPUT -> attention + ".out_proj.weight";
            case OUTPUT_BIAS -> attention + ".out_proj.bias";
            case BEFORE_WEIGHT, AFTER_WEIGHT -> norm + ".weight";
            case BEFORE_BIAS, AFTER_BIAS -> norm + ".bias";
            case UP -> layer + "fc1.weight";
            case UP_BIAS -> layer + "fc1.bias";
            case DOWN -> layer + "fc2.weight";
            case DOWN_BIAS -> layer + "fc2.bias";
            default -> throw StandardNames.unknown(p);
        };
    }
}

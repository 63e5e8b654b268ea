package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.DifferentialAttention;
import glia.model.spec.ExpertAttention;
import glia.model.spec.Experts;
import glia.model.spec.Lightning;
import glia.model.spec.Mixer.SubNorm;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The names of Llama's tensors on the hub, which most families share (https://arxiv.org/abs/2302.13971).
public final class StandardNames {
    private static final Pattern LAYER = Pattern.compile("(?:model\\.layers|blk)\\.(\\d{1,6})\\.");

    private StandardNames() { }

    /// Whether a tensor belongs to a layer beyond the last of the spec, which is a multi-token-prediction layer.
    public static boolean isBeyondLayers(ModelSpec spec, String tensorName) {
        Matcher m = LAYER.matcher(tensorName);
        return m.lookingAt() && Integer.parseInt(m.group(1)) >= spec.numLayers();
    }

    /// The names of Llama's tensors on the hub.
    public static Source source(ModelSpec spec, Parameter p) {
        return source(spec, p, ExpertNames.MLP);
    }

    /// The same with parts of the names replaced, one after another.
    ///
    /// @param parts pairs of a part and what replaces it
    public static Source source(ModelSpec spec, Parameter p, String... parts) {
        return source(spec, p).renamed(name -> {
            String renamed = name;
            for (int i = 0; i < parts.length; i += 2) {
                renamed = renamed.replace(parts[i], parts[i + 1]);
            }
            return List.of(renamed);
        });
    }

    /// The same with other names for experts and MLPs.
    public static Source source(ModelSpec spec, Parameter p, ExpertNames experts) {
        if (p.sublayer() < 0) {
            return new Source.Stored(global(p));
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        boolean isNorm = p.role() == Role.BEFORE_WEIGHT || p.role() == Role.BEFORE_BIAS
                || p.role() == Role.AFTER_WEIGHT;
        return spec.mixer(p.place()) instanceof Experts && !isNorm ? experts.source(spec, p, layer)
                : new Source.Stored(layer + inLayer(spec, p).replaceFirst("^mlp\\.", experts.block() + "."));
    }

    /// A tensor of the layer that a parameter belongs to.
    public static Source.Stored inLayer(ModelSpec spec, Parameter p, String name) {
        return new Source.Stored("model.layers." + spec.sublayer(p).layer() + "." + name);
    }

    private static String global(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "model.embed_tokens.weight";
            case FINAL_WEIGHT -> "model.norm.weight";
            case FINAL_BIAS -> "model.norm.bias";
            case HEAD -> "lm_head.weight";
            case HEAD_BIAS -> "lm_head.bias";
            case POSITIONS -> "model.embed_positions.weight";
            default -> throw unknown(p);
        };
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        Mixer mixer = spec.mixer(p.place());
        boolean attention = isAttention(mixer);
        boolean sandwich = !(spec.sublayer(p).after() instanceof Norm.None);
        return switch (p.role()) {
            case BEFORE_WEIGHT, BEFORE_BIAS -> (attention ? "input_layernorm"
                    : sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm")
                    + (p.role() == Role.BEFORE_WEIGHT ? ".weight" : ".bias");
            case AFTER_WEIGHT -> attention ? "post_attention_layernorm.weight" : "post_feedforward_layernorm.weight";
            case QUERY -> "self_attn.q_proj.weight";
            case QUERY_BIAS -> "self_attn.q_proj.bias";
            case KEY -> "self_attn.k_proj.weight";
            case KEY_BIAS -> "self_attn.k_proj.bias";
            case VALUE -> "self_attn.v_proj.weight";
            case VALUE_BIAS -> "self_attn.v_proj.bias";
            case OUTPUT -> "self_attn.o_proj.weight";
            case OUTPUT_BIAS -> "self_attn.o_proj.bias";
            case QUERY_NORM -> "self_attn.q_norm.weight";
            case KEY_NORM -> "self_attn.k_norm.weight";
            case QUERY_NORM_BIAS -> "self_attn.q_norm.bias";
            case KEY_NORM_BIAS -> "self_attn.k_norm.bias";
            case SINKS -> "self_attn.sinks";
            case ATTENTION_GATE -> "self_attn.gate_proj.weight";
            case ATTENTION_GATE_BIAS -> "self_attn.gate_proj.bias";
            case SUB_NORM -> attention ? "self_attn.attn_sub_norm.weight" : "mlp.ffn_sub_norm.weight";
            case FIRST_QUERY -> "self_attn.lambda_q1";
            case FIRST_KEY -> "self_attn.lambda_k1";
            case SECOND_QUERY -> "self_attn.lambda_q2";
            case SECOND_KEY -> "self_attn.lambda_k2";
            case GATE -> "mlp.gate_proj.weight";
            case GATE_BIAS -> "mlp.gate_proj.bias";
            case UP -> "mlp.up_proj.weight";
            case UP_BIAS -> "mlp.up_proj.bias";
            case DOWN -> "mlp.down_proj.weight";
            case DOWN_BIAS -> "mlp.down_proj.bias";
            default -> throw unknown(p);
        };
    }

    /// Whether a mixer is attention, for the names of its tensors.
    public static boolean isAttention(Mixer mixer) {
        return mixer instanceof Attention || mixer instanceof Lightning || mixer instanceof Parallel
                || mixer instanceof DifferentialAttention || mixer instanceof ExpertAttention
                || mixer instanceof SubNorm s && isAttention(s.mixer());
    }

    public static IllegalArgumentException unknown(Parameter p) {
        return new IllegalArgumentException("the family has no " + p);
    }
}

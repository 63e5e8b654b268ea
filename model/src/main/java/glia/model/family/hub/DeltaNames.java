package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.KimiDelta;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.util.List;

/// The names of the tensors of Gated DeltaNet and of Kimi delta attention on the hub.
public final class DeltaNames {
    private DeltaNames() { }

    /// The names of Qwen3-Next and Qwen3.5.
    public static Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof GatedDeltaNet d
                ? new Source.Stored("model.layers." + spec.sublayer(p).layer() + "." + inLayer(d, p))
                : StandardNames.source(spec, p);
    }

    private static String inLayer(GatedDeltaNet d, Parameter p) {
        return switch (p.role()) {
            case BEFORE_WEIGHT -> "input_layernorm.weight";
            case INPUT -> d.inputs() == GatedDeltaNet.Inputs.BY_KEY_HEAD ? "linear_attn.in_proj_qkvz.weight"
                    : "linear_attn.in_proj_qkv.weight";
            case GATE -> "linear_attn.in_proj_z.weight";
            case BETA -> "linear_attn.in_proj_b.weight";
            case STEPS -> "linear_attn.in_proj_a.weight";
            case BETA_AND_STEPS -> "linear_attn.in_proj_ba.weight";
            case CONVOLUTION -> "linear_attn.conv1d.weight";
            case STEPS_OFFSET -> "linear_attn.dt_bias";
            case DECAY -> "linear_attn.A_log";
            case GATED_NORM -> "linear_attn.norm.weight";
            case OUTPUT -> "linear_attn.out_proj.weight";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// A tensor of a mixer with separate queries, keys and values.
    ///
    /// @param at the mixer's name prefix, with a dot
    /// @param steps the name of the projection to the decays
    /// @param low whether the projections to decays and gates are two matrices each
    public static Source.Stored apart(Parameter p, String at, String steps, boolean low) {
        return new Source.Stored(at + switch (p.role()) {
            case QUERY -> "q_proj.weight";
            case KEY -> "k_proj.weight";
            case VALUE -> "v_proj.weight";
            case QUERY_CONVOLUTION -> "q_conv1d.weight";
            case KEY_CONVOLUTION -> "k_conv1d.weight";
            case VALUE_CONVOLUTION -> "v_conv1d.weight";
            case STEPS_LATENT -> steps + "_a_proj.weight";
            case STEPS -> steps + (low ? "_b_proj.weight" : "_proj.weight");
            case STEPS_OFFSET -> "dt_bias";
            case DECAY -> "A_log";
            case BETA -> "b_proj.weight";
            case GATE_LATENT -> "g_a_proj.weight";
            case GATE -> low ? "g_b_proj.weight" : "g_proj.weight";
            case GATED_NORM -> "o_norm.weight";
            case OUTPUT -> "o_proj.weight";
            default -> throw StandardNames.unknown(p);
        });
    }

    /// The source of a parameter of a model with Kimi delta attention and latent attention, under the names of Kimi's
    /// projections.
    public static Source kimi(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0 || !(spec.mixer(p.place()) instanceof KimiDelta d)) {
            return LatentNames.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        return p.role() == Role.BEFORE_WEIGHT ? new Source.Stored(layer + "input_layernorm.weight")
                : apart(p, layer + "self_attn.", "f", d.gates() == KimiDelta.Gates.LOW_RANK);
    }

    /// The names of Kimi Linear.
    public static Source kimiLinear(ModelSpec spec, Parameter p) {
        if (p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Experts && p.role() != Role.BEFORE_WEIGHT) {
            String layer = "model.layers." + spec.sublayer(p).layer() + ".";
            return p.role() == Role.ROUTER_CORRECTION
                    ? new Source.Stored(layer + "block_sparse_moe.gate.e_score_correction_bias")
                    : ExpertNames.BLOCK_SPARSE.source(spec, p, layer);
        }
        // Transformers writes the dense MLPs under another name than it reads.
        Source source = kimi(spec, p).renamed(name -> name.contains(".mlp.")
                ? List.of(name, name.replace(".mlp.", ".block_sparse_moe.")) : List.of(name));
        // Stored with an axis for each of batch, token, head and channel.
        long heads = p.role() == Role.DECAY ? ((KimiDelta) spec.mixer(p.place())).numHeads() : 0;
        return heads == 0 ? source : new Source.Shaped(source, List.of(heads), List.of(1L, 1L, heads, 1L));
    }
}

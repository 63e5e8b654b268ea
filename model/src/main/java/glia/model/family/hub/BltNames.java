package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.BytePatches;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;

/// The names of the tensors of a byte latent transformer.
public final class BltNames {
    private BltNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        String name = name(spec, p);
        // Transformers saves a shared matrix as the head.
        return p.role() == Role.EMBEDDING && spec.head().matrix() == Head.Matrix.TIED
                ? new Source.Stored("lm_head.weight", name) : new Source.Stored(name);
    }

    private static String name(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case EMBEDDING -> "model.local_encoder.embed_tokens.weight";
                case FINAL_WEIGHT -> "model.local_decoder.norm.weight";
                case HEAD -> "lm_head.weight";
                default -> throw StandardNames.unknown(p);
            };
        }
        Sublayer own = spec.sublayer(p);
        Sublayer middle = spec.sublayers().stream().filter(s -> s.mixer() instanceof BytePatches).findFirst()
                .orElseThrow();
        int layer = own.layer() - middle.layer();
        return switch (own.mixer()) {
            case BytePatches.Hashes _ -> "model.encoder_hash_tok_embedding.weight";
            case BytePatches.Reading _ -> reading("decoder", layer, p);
            case BytePatches patches when p.place().branch() > 0 -> ofBranch(patches, spec.mixer(p.place()), p);
            case BytePatches _ -> switch (p.role()) {
                case PATCHER_EMBEDDING -> "model.patcher.embed_tokens.weight";
                case PATCHER_NORM -> "model.patcher.norm.weight";
                case PATCHER_HEAD -> "model.patcher.lm_head.weight";
                case SLOT_INPUT -> "model.local_encoder.patch_embedding_projection.weight";
                case TRANSFORM -> "model.global_transformer.token_embedding_projection.weight";
                case SLOT_OUTPUT -> "model.local_decoder.patch_embedding_projection.weight";
                default -> throw StandardNames.unknown(p);
            };
            default -> layer < 0 ? layer("local_encoder", own.layer(), own.mixer(), p)
                    : layer("local_decoder", layer, own.mixer(), p);
        };
    }

    private static String ofBranch(BytePatches patches, Mixer mixer, Parameter p) {
        int at = p.place().branch() - 1;
        int small = patches.patcher().layers().size();
        int large = small + patches.layers().size();
        int joined = large + patches.numJoining();
        return at < small ? layer("patcher", at / 2, mixer, p)
                : at < large ? layer("global_transformer", (at - small) / 2, mixer, p)
                : at < joined ? reading("encoder", at - large, p) : reading("decoder", 0, p);
    }

    private static String reading(String part, int layer, Parameter p) {
        return "model.local_" + part + ".cross_attn_layers." + layer + "." + switch (p.role()) {
            case QUERY_INPUT_NORM -> "q_norm";
            case KEY_INPUT_NORM -> "k_norm";
            default -> attention(p);
        } + ".weight";
    }

    private static String layer(String part, int layer, Mixer mixer, Parameter p) {
        return "model." + part + ".layers." + layer + "." + switch (p.role()) {
            case BEFORE_WEIGHT -> mixer instanceof GatedMlp ? "post_attention_layernorm" : "input_layernorm";
            case GATE -> "mlp.gate_proj";
            case UP -> "mlp.up_proj";
            case DOWN -> "mlp.down_proj";
            default -> "self_attn." + attention(p);
        } + ".weight";
    }

    private static String attention(Parameter p) {
        return switch (p.role()) {
            case QUERY -> "q_proj";
            case KEY -> "k_proj";
            case VALUE -> "v_proj";
            case OUTPUT -> "o_proj";
            default -> throw StandardNames.unknown(p);
        };
    }
}

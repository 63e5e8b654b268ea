package glia.model.fresh;

import static glia.model.fresh.FamilyList.chosen;
import static glia.model.fresh.FamilyList.delta;
import static glia.model.fresh.FamilyList.ends;
import static glia.model.fresh.FamilyList.latent;
import static glia.model.fresh.FamilyList.layers;
import static glia.model.fresh.FamilyList.mamba;
import static glia.model.fresh.FamilyList.rms;
import static glia.model.fresh.FamilyList.sized;
import static glia.model.fresh.FamilyList.usual;
import static glia.model.fresh.FamilyList.withExpertSize;

import java.util.List;
import java.util.Map;

/// The sizes of hybrids of attention and of convolutions or recurrences, and of recurrences alone, whose families share
/// few keys with others.
final class HybridList {
    private static final String FULL = "full_attention";
    private static final String LINEAR = "linear_attention";

    private HybridList() { }

    static List<FamilySizes> all() {
        return List.of(lfm("lfm2", "Lfm2ForCausalLM", 3).with("block_auto_adjust_ff_dim", false),
                withExpertSize(chosen(lfm("lfm2_moe", "Lfm2MoeForCausalLM", 3), "num_experts", 16, 4))
                        .size("dense", "num_dense_layers", 1).with("norm_topk_prob", true)
                        .with("use_expert_bias", true).with("routed_scaling_factor", 1.0),
                lfm("lfm3", "Lfm3ForCausalLM", 7).size("window", "sliding_window",
                        v -> Math.max(1, v.get("context") / 4)).with("use_attention_gate", true)
                        .with("use_sandwich_norm", true).with("layer_types", v -> layers(v, i -> i % 4 == 2 ? FULL
                                : i % 4 == 0 && i > 0 ? "sliding_attention" : "conv")),
                mamba("falcon_mamba", "FalconMambaForCausalLM").size("state", "state_size", 16)
                        .with("conv_kernel", 4).with("expand", 2).with("layer_norm_epsilon", 1e-5)
                        .with("mixer_rms_eps", 1e-6).with("use_conv_bias", true).with("use_bias", false)
                        .with("hidden_act", "silu").with("intermediate_size", v -> 2 * v.get("hidden"))
                        .with("time_step_rank", v -> Math.ceilDiv(v.get("hidden"), 16)),
                delta(rms(usual("olmo_hybrid", "OlmoHybridForCausalLM"), 1e-6, 10_000))
                        .with("tie_word_embeddings", false).with("pad_token_id", _ -> null)
                        .with("partial_rotary_factor", 1.0).with("linear_allow_neg_eigval", true),
                kimi(), bailing(), griffin(), rwkv(), xlstm(), zamba());
    }

    private static FamilySizes lfm(String type, String architecture, int convolution) {
        return usual(type, architecture).size("convolution", "conv_L_cache", convolution).with("norm_eps", 1e-5)
                .with("pad_token_id", 0)
                .with("rope_parameters", type.equals("lfm3") ? Map.of(FULL, rope(1e6), "sliding_attention", rope(1e4))
                        : rope(1e6))
                .with("layer_types", v -> layers(v, i -> i % 3 == 2 ? FULL : "conv"));
    }

    private static Map<String, Object> rope(double theta) {
        return Map.of("rope_type", "default", "rope_theta", theta);
    }

    private static FamilySizes linear(FamilySizes family, int period) {
        return family.size("linear-heads", "linear_num_heads", v -> v.get("heads"))
                .size("linear-size", "linear_head_dim", v -> Math.max(1, v.get("hidden") / v.get("linear-heads")))
                .with("linear_conv_kernel_dim", 4).with("layer_types",
                        v -> layers(v, i -> i % period == period - 1 ? FULL : LINEAR));
    }

    private static FamilySizes kimi() {
        return linear(moonshot("kimi_linear", "KimiLinearForCausalLM"), 4).with("q_lora_rank", _ -> null);
    }

    private static FamilySizes bailing() {
        return linear(moonshot("bailing_hybrid", "BailingHybridForCausalLM"), 6).with("kda_safe_gate", true)
                .with("kda_lower_bound", -5.0);
    }

    /// Latent attention and experts under the names of keys that these two families have.
    private static FamilySizes moonshot(String type, String architecture) {
        return latent(type, architecture).size("experts", "num_experts", 16)
                .size("active", "num_experts_per_token", v -> Math.min(4, v.get("experts")))
                .size("shared", "num_shared_experts", 1).size("groups", "num_expert_group", 1)
                .size("context", "model_max_length", 512).with("moe_renormalize", true)
                .with("pad_token_id", _ -> null);
    }

    private static FamilySizes griffin() {
        return usual("recurrent_gemma", "RecurrentGemmaForCausalLM")
                .size("mlp", "intermediate_size", v -> 2 * MixerKeys.gatedWidth(v.get("hidden")))
                .size("kv-heads", "num_key_value_heads", 1).size("recurrence", "lru_width", v -> v.get("hidden"))
                .size("window", "attention_window_size", v -> Math.max(1, v.get("context") / 4))
                .with("hidden_activation", "gelu_pytorch_tanh").with("rms_norm_eps", 1e-6)
                .with("logits_soft_cap", 30.0).with("conv1d_width", 4).with("pad_token_id", 0)
                .with("block_types", List.of("recurrent", "recurrent", "attention"))
                .with("rope_parameters", Map.of("rope_type", "default", "rope_theta", 10_000.0,
                        "partial_rotary_factor", 0.5));
    }

    private static FamilySizes rwkv() {
        return ends(sized("rwkv", "RwkvForCausalLM", "hidden_size", "num_hidden_layers")
                .size("recurrence", "attention_hidden_size", v -> v.get("hidden"))
                .size("mlp", "intermediate_size", v -> 4 * v.get("hidden")), "context_length")
                .with("layer_norm_epsilon", 1e-5).with("rescale_every", 6).with("tie_word_embeddings", false);
    }

    private static FamilySizes xlstm() {
        return ends(sized("xlstm", "xLSTMForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_heads", v -> FamilyList.heads(v.get("hidden"))), "max_position_embeddings")
                .with("qk_dim_factor", 0.5).with("v_dim_factor", 1.0).with("ffn_proj_factor", 2.667)
                .with("ffn_round_up_to_multiple_of", 64).with("gate_soft_cap", 15.0)
                .with("output_logit_soft_cap", 30.0).with("norm_eps", 1e-6).with("eps", 1e-6)
                .with("weight_mode", "single").with("tie_word_embeddings", false);
    }

    private static FamilySizes zamba() {
        return ends(sized("zamba2", "Zamba2ForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> FamilyList.heads(v.get("hidden")))
                .size("kv-heads", "num_key_value_heads", v -> v.get("heads"))
                .size("mlp", "intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden"))),
                "max_position_embeddings").size("ssm-heads", "n_mamba_heads", v -> 2 * v.get("heads"))
                .size("state", "mamba_d_state", 64).size("groups", "mamba_ngroups", 1)
                .size("blocks", "num_mem_blocks", 1).size("rank", "adapter_rank", 8).with("mamba_expand", 2)
                .with("mamba_d_conv", 4).with("hidden_act", "gelu").with("rms_norm_eps", 1e-5)
                .with("use_mem_rope", true).with("use_shared_attention_adapter", false).with("rope_theta", 10_000)
                .with("tie_word_embeddings", true).with("pad_token_id", 0)
                .with("layers_block_type", v -> layers(v, i -> i % 3 == 2 ? "hybrid" : LINEAR));
    }
}

package glia.model.fresh;

import static glia.model.fresh.FamilyList.chosen;
import static glia.model.fresh.FamilyList.ends;
import static glia.model.fresh.FamilyList.heads;
import static glia.model.fresh.FamilyList.latent;
import static glia.model.fresh.FamilyList.rms;
import static glia.model.fresh.FamilyList.sized;
import static glia.model.fresh.FamilyList.usual;
import static glia.model.fresh.FamilyList.withExpertSize;

import java.util.List;
import java.util.Map;

/// The sizes of decoders that differ from Llama or GPT-2 in a few settings.
final class DecoderList {
    private DecoderList() { }

    static List<FamilySizes> all() {
        FamilySizes cohere = rms(usual("cohere", "CohereForCausalLM"), 1e-5, 10_000).with("layer_norm_eps", 1e-5)
                .with("logit_scale", 0.0625);
        FamilySizes glm = rms(usual("glm", "GlmForCausalLM"), 1.5625e-7, 10_000).with("partial_rotary_factor", 0.5)
                .with("attention_bias", true).with("pad_token_id", _ -> null);
        FamilySizes granite = granite(usual("granite", "GraniteForCausalLM"));
        FamilySizes gptJ = gpt("gptj", "GPTJForCausalLM").size("rotated", "rotary_dim",
                v -> Math.min(64, v.get("hidden") / v.get("heads") / 4 * 2)).with("tie_word_embeddings", false);
        return List.of(plainMlp(rms(usual("arcee", "ArceeForCausalLM"), 1e-5, 10_000)).with("hidden_act", "relu2"),
                cohere, sliding(cohere.named("cohere2", "Cohere2ForCausalLM")),
                withExpertSize(chosen(rms(usual("dots1", "Dots1ForCausalLM"), 1e-5, 1e6), "n_routed_experts", 16, 4))
                        .size("dense", "first_k_dense_replace", 1).size("shared", "n_shared_experts", 1)
                        .with("norm_topk_prob", true).with("sliding_window", _ -> null),
                rms(usual("exaone", "ExaoneForCausalLM"), 1e-5, 500_000),
                window(rms(usual("exaone4", "Exaone4ForCausalLM"), 1e-5, 1e6)).with("sliding_window_pattern", 4),
                rms(usual("gemma", "GemmaForCausalLM"), 1e-6, 10_000).with("hidden_act", "gelu_pytorch_tanh"),
                glm, glm.named("glm4", "Glm4ForCausalLM"), granite,
                chosen(granite.named("granitemoe", "GraniteMoeForCausalLM"), "num_local_experts", 8, 2),
                rms(usual("helium", "HeliumForCausalLM"), 1e-8, 1e5),
                window(rms(usual("ministral", "MinistralForCausalLM"), 1e-5, 1e6)),
                rms(usual("olmo", "OlmoForCausalLM"), 1e-5, 10_000), rms(usual("olmo2", "Olmo2ForCausalLM"), 1e-5, 5e5),
                sliding(rms(usual("olmo3", "Olmo3ForCausalLM"), 1e-5, 5e5)),
                chosen(rms(usual("olmoe", "OlmoeForCausalLM"), 1e-5, 10_000), "num_experts", 16, 4),
                rms(usual("phi3", "Phi3ForCausalLM"), 1e-5, 10_000).with("pad_token_id", _ -> null),
                withExpertSize(chosen(rms(usual("qwen2_moe", "Qwen2MoeForCausalLM"), 1e-6, 1e6), "num_experts", 16, 4))
                        .size("shared-size", "shared_expert_intermediate_size", v -> v.get("expert-size")),
                rms(usual("seed_oss", "SeedOssForCausalLM"), 1e-6, 1e7),
                rms(usual("stablelm", "StableLmForCausalLM"), 1e-5, 10_000).with("layer_norm_eps", 1e-5)
                        .with("partial_rotary_factor", 0.25),
                plainMlp(usual("starcoder2", "Starcoder2ForCausalLM")).with("hidden_act", "gelu_pytorch_tanh")
                        .with("norm_epsilon", 1e-5).with("use_bias", true).with("rope_theta", 1e6),
                rms(usual("ernie4_5", "Ernie4_5ForCausalLM"), 1e-5, 5e5),
                withExpertSize(rms(usual("ernie4_5_moe", "Ernie4_5_MoeForCausalLM"), 1e-5, 5e5))
                        .size("experts", "moe_num_experts", 16)
                        .size("active", "moe_k", v -> Math.min(4, v.get("experts")))
                        .size("shared", "moe_num_shared_experts", 1).size("dense", "moe_layer_start_index", 1),
                latent("glm4_moe_lite", "Glm4MoeLiteForCausalLM").with("norm_topk_prob", true),
                rms(usual("hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM"), 1e-5, 10_000),
                rms(usual("hunyuan_v1_moe", "HunYuanMoEV1ForCausalLM"), 1e-5, 10_000).size("experts", "num_experts", 8)
                        .size("active", "moe_topk", v -> Math.min(2, v.get("experts"))),
                plainMlp(usual("nanochat", "NanoChatForCausalLM")).with("hidden_act", "relu2")
                        .with("rms_norm_eps", 1e-6).with("rope_theta", 10_000).with("final_logit_softcapping", 15.0)
                        .with("tie_word_embeddings", false),
                plainMlp(usual("nemotron", "NemotronForCausalLM")).with("hidden_act", "relu2").with("norm_eps", 1e-5)
                        .with("rope_theta", 10_000).with("partial_rotary_factor", 0.5)
                        .with("tie_word_embeddings", false),
                gptNeoX(), plainMlp(usual("phi", "PhiForCausalLM")).with("hidden_act", "gelu_new")
                        .with("layer_norm_eps", 1e-5).with("partial_rotary_factor", 0.5)
                        .with("tie_word_embeddings", false),
                // Queries, keys and values of CodeGen lie in four parts with as many heads each.
                gptJ, gptJ.named("codegen", "CodeGenForCausalLM").size("heads", "n_head",
                        v -> 4 * Math.max(1, heads(v.get("hidden")) / 4)),
                gpt("gpt_bigcode", "GPTBigCodeForCausalLM").with("multi_query", true)
                        .with("tie_word_embeddings", true), falcon(), opt(), dbrx());
    }

    static FamilySizes window(FamilySizes family) {
        return family.size("window", "sliding_window", v -> Math.max(1, v.get("context") / 4));
    }

    /// Every fourth layer sees everything.
    private static FamilySizes sliding(FamilySizes family) {
        return window(family).with("layer_types", v -> FamilyList.layers(v,
                i -> i % 4 == 3 ? "full_attention" : "sliding_attention"));
    }

    static FamilySizes plainMlp(FamilySizes family) {
        return family.size("mlp", "intermediate_size", v -> 4 * v.get("hidden"));
    }

    private static FamilySizes granite(FamilySizes family) {
        return rms(family, 1e-5, 10_000).with("embedding_multiplier", 1.0)
                .with("attention_multiplier", v -> 1 / Math.sqrt(v.get("head-size")))
                .with("residual_multiplier", 1.0).with("logits_scaling", 1.0);
    }

    private static FamilySizes gpt(String type, String architecture) {
        return ends(sized(type, architecture, "n_embd", "n_layer").size("heads", "n_head", v -> heads(v.get("hidden")))
                .size("mlp", "n_inner", v -> 4 * v.get("hidden")), "n_positions")
                .with("activation_function", "gelu_new").with("layer_norm_epsilon", 1e-5);
    }

    private static FamilySizes gptNeoX() {
        return ends(sized("gpt_neox", "GPTNeoXForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "intermediate_size", v -> 4 * v.get("hidden")), "max_position_embeddings")
                .with("hidden_act", "gelu").with("layer_norm_eps", 1e-5).with("rotary_pct", 0.25)
                .with("rotary_emb_base", 10_000).with("use_parallel_residual", true)
                .with("tie_word_embeddings", false);
    }

    private static FamilySizes falcon() {
        return ends(sized("falcon", "FalconForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("kv-heads", "num_kv_heads", v -> v.get("heads"))
                .size("mlp", "ffn_hidden_size", v -> 4 * v.get("hidden")), "max_position_embeddings")
                .with("layer_norm_epsilon", 1e-5).with("new_decoder_architecture", true).with("alibi", false)
                .with("bias", false).with("parallel_attn", true).with("tie_word_embeddings", true);
    }

    private static FamilySizes opt() {
        return ends(sized("opt", "OPTForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "ffn_dim", v -> 4 * v.get("hidden")), "max_position_embeddings")
                .with("word_embed_proj_dim", v -> v.get("hidden")).with("activation_function", "relu")
                .with("do_layer_norm_before", true).with("tie_word_embeddings", true);
    }

    private static FamilySizes dbrx() {
        return ends(sized("dbrx", "DbrxForCausalLM", "d_model", "n_layers")
                .size("heads", "n_heads", v -> heads(v.get("hidden"))), "max_seq_len")
                .with("attn_config", v -> Map.of("kv_n_heads", v.get("heads"), "rope_theta", 10_000.0,
                        "clip_qkv", 8.0))
                .with("ffn_config", v -> Map.of("ffn_hidden_size", v.get("hidden"), "moe_num_experts", 8,
                        "moe_top_k", 2, "ffn_act_fn", Map.of("name", "silu")))
                .with("tie_word_embeddings", false);
    }
}

package glia.model.fresh;

import static glia.model.fresh.DecoderList.plainMlp;
import static glia.model.fresh.DecoderList.window;
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
import java.util.stream.IntStream;

/// The sizes of decoders with blocks that few other families have.
final class RareDecoders {
    private RareDecoders() { }

    static List<FamilySizes> all() {
        FamilySizes minicpm3 = rms(ends(sized("minicpm3", "MiniCPM3ForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden"))),
                "max_position_embeddings"), 1e-5, 10_000)
                .size("query-rank", "q_lora_rank", v -> Math.max(1, v.get("hidden") / 2))
                .size("kv-rank", "kv_lora_rank", v -> Math.max(1, v.get("hidden") / 4))
                .size("head-size", "qk_nope_head_dim", 32).size("rotated", "qk_rope_head_dim", 16)
                .size("value-size", "v_head_dim", v -> v.get("head-size"))
                .with("num_key_value_heads", v -> v.get("heads")).with("scale_emb", 12).with("scale_depth", 1.4)
                .with("dim_model_base", v -> v.get("hidden")).with("tie_word_embeddings", true);
        FamilySizes mistral4 = latent("mistral4", "Mistral4ForCausalLM").with("norm_topk_prob", true)
                // Of its kinds of RoPE the reference gives only YaRN the rotary part of a head.
                .with("rope_parameters", v -> Map.of("rope_type", "yarn", "factor", 1.0, "rope_theta", 10_000.0,
                        "llama_4_scaling_beta", 0.1, "original_max_position_embeddings", v.get("context")))
                .with("pad_token_id", _ -> null);
        FamilySizes jetmoe = rms(chosen(ends(sized("jetmoe", "JetMoeForCausalLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_key_value_heads", v -> heads(v.get("hidden")))
                .size("head-size", "kv_channels", v -> Math.max(2, v.get("hidden") / v.get("heads")))
                .size("mlp", "intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden"))),
                "max_position_embeddings"), "num_local_experts", 8, 2), 1e-6, 10_000)
                .with("activation_function", "silu").with("tie_word_embeddings", true);
        FamilySizes gptNeo = ends(sized("gpt_neo", "GPTNeoForCausalLM", "hidden_size", "num_layers")
                .size("heads", "num_heads", v -> heads(v.get("hidden")))
                .size("mlp", "intermediate_size", v -> 4 * v.get("hidden"))
                .size("window", "window_size", v -> Math.max(1, v.get("context") / 4)), "max_position_embeddings")
                .with("attention_types", v -> List.of(List.of(IntStream.range(0, v.get("layers"))
                        .mapToObj(i -> i % 2 == 0 ? "global" : "local").toList(), 1)))
                .with("activation_function", "gelu_new").with("layer_norm_epsilon", 1e-5)
                .with("tie_word_embeddings", true);
        FamilySizes gpt = ends(sized("openai-gpt", "OpenAIGPTLMHeadModel", "n_embd", "n_layer")
                .size("heads", "n_head", v -> heads(v.get("hidden"))), "n_positions").with("afn", "gelu")
                .with("layer_norm_epsilon", 1e-5).with("tie_word_embeddings", true);
        FamilySizes afmoe = withExpertSize(chosen(window(rms(usual("afmoe", "AfmoeForCausalLM"), 1e-5, 10_000)),
                "num_experts", 16, 4)).size("dense", "num_dense_layers", 1).size("shared", "num_shared_experts", 1)
                .with("route_scale", 1.0).with("mup_enabled", true).with("global_attn_every_n_layers", 4);
        FamilySizes hunyuan = withExpertSize(chosen(rms(usual("hy_v3", "HYV3ForCausalLM"), 1e-5, 11_158_840),
                "num_experts", 16, 4)).size("shared", "num_shared_experts", 1).with("router_scaling_factor", 1.0);
        FamilySizes phimoe = chosen(rms(usual("phimoe", "PhimoeForCausalLM"), 1e-5, 10_000), "num_local_experts", 8, 2)
                .with("router_jitter_noise", 0.01).with("attention_bias", true).with("lm_head_bias", true)
                .with("tie_word_embeddings", false);
        FamilySizes persimmon = plainMlp(usual("persimmon", "PersimmonForCausalLM")).with("hidden_act", "relu2")
                .size("kv-heads", "num_key_value_heads", v -> v.get("heads")).with("layer_norm_eps", 1e-5)
                .with("partial_rotary_factor", 0.5).with("qk_layernorm", true).with("tie_word_embeddings", false);
        FamilySizes apertus = plainMlp(usual("apertus", "ApertusForCausalLM")).with("hidden_act", "xielu")
                .with("rms_norm_eps", 1e-5).with("pad_token_id", _ -> null)
                .with("rope_parameters", Map.of("rope_type", "default", "rope_theta", 10_000.0));
        FamilySizes diff = rms(usual("diffllama", "DiffLlamaForCausalLM"), 1e-5, 10_000)
                .size("heads", "num_attention_heads", v -> 2 * heads(v.get("hidden")))
                .with("lambda_std_dev", 0.1);
        FamilySizes large = latent("mistral_large4_text", "MistralLarge4ForCausalLM").with("rms_norm_eps", 1e-5)
                .with("final_logit_softcapping", 30.0).with("q_lora_rank", _ -> null)
                .size("index-heads", "index_n_heads", 4)
                .size("index-size", "index_head_dim", v -> Math.max(32, v.get("rotated")))
                .size("index-keys", "index_topk", v -> Math.max(1, v.get("context") / 4))
                .with("rope_parameters", Map.of("rope_type", "default", "rope_theta", 10_000.0));
        return List.of(minicpm3, mistral4, large, jetmoe, gptNeo, gpt, afmoe, hunyuan, phimoe, persimmon, apertus, diff,
                rms(usual("bitnet", "BitNetForCausalLM"), 1e-5, 500_000).with("hidden_act", "relu2"));
    }
}

package glia.model.fresh;

import static glia.model.fresh.FamilyList.chosen;
import static glia.model.fresh.FamilyList.delta;
import static glia.model.fresh.FamilyList.ends;
import static glia.model.fresh.FamilyList.gemma;
import static glia.model.fresh.FamilyList.heads;
import static glia.model.fresh.FamilyList.latent;
import static glia.model.fresh.FamilyList.layers;
import static glia.model.fresh.FamilyList.rms;
import static glia.model.fresh.FamilyList.sized;
import static glia.model.fresh.FamilyList.usual;
import static glia.model.fresh.FamilyList.withExpertSize;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// The sizes of decoders with layers or residual streams of their own.
final class StreamList {
    private StreamList() { }

    static List<FamilySizes> all() {
        return List.of(blt(), deepseek(), gemma3n(), glm(), longcat(), qwen(), hrm(), inkling(), mimo(), minimax());
    }

    /// Layers are those of the large transformer, hidden is the width of bytes.
    private static FamilySizes blt() {
        return ends(sized("blt", "BltForCausalLM", "hidden_size", "num_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden"))), "max_position_embeddings")
                .size("patch-hidden", "patch_hidden_size", v -> 2 * v.get("hidden"))
                .size("encoder-layers", "encoder_layers", 1).size("patcher-layers", "patcher_layers", 1)
                .size("decoder-layers", "decoder_layers", v -> Math.max(1, v.get("layers") / 2))
                .size("window", "local_attention_window_len", v -> Math.max(1, v.get("context") / 2))
                .size("ngrams", "encoder_hash_byte_group_vocab", 4096)
                .with("encoder_hash_byte_group_size", List.of(3, 4, 5, 6, 7, 8))
                .with("encoder_config", v -> bltPart(v, "blt_local_encoder", "hidden", "encoder-layers"))
                .with("global_config", v -> bltPart(v, "blt_global_transformer", "patch-hidden", "layers"))
                .with("decoder_config", v -> bltPart(v, "blt_local_decoder", "hidden", "decoder-layers"))
                .with("patcher_config", v -> bltPart(v, "blt_patcher", "hidden", "patcher-layers"))
                .with("patching_threshold", 1.335442066192627).with("tie_word_embeddings", false);
    }

    private static Map<String, Object> bltPart(FamilySizes.Values v, String type, String hidden, String layers) {
        Map<String, Object> part = new LinkedHashMap<>(Map.of("model_type", type, "vocab_size", v.get("vocab"),
                "hidden_size", v.get(hidden), "num_hidden_layers", v.get(layers), "num_attention_heads",
                v.get("heads") * v.get(hidden) / v.get("hidden"), "intermediate_size",
                MixerKeys.gatedWidth(v.get(hidden)), "max_position_embeddings", v.get("context"),
                "rope_theta", 500_000.0, "rms_norm_eps", 1e-5));
        if (type.equals("blt_patcher")) {
            part.put("sliding_window", v.get("window"));
        } else if (!type.equals("blt_global_transformer")) {
            part.put("hidden_size_global", v.get("patch-hidden"));
        }
        return part;
    }

    private static FamilySizes deepseek() {
        return withExpertSize(chosen(rms(ends(sized("deepseek_v4", "DeepseekV4ForCausalLM", "hidden_size",
                "num_hidden_layers").size("heads", "num_attention_heads", v -> heads(v.get("hidden"))),
                "max_position_embeddings"), 1e-6, 10_000), "n_routed_experts", 16, 4))
                .size("head-size", "head_dim", v -> Math.max(4, v.get("hidden") / v.get("heads") / 4 * 4))
                .size("query-rank", "q_lora_rank", v -> Math.max(1, v.get("hidden") / 2))
                .size("groups", "o_groups", v -> v.get("heads"))
                .size("output-rank", "o_lora_rank", v -> Math.max(1, v.get("hidden") / v.get("groups")))
                .size("window", "sliding_window", v -> Math.max(1, v.get("context") / 8))
                .size("streams", "hc_mult", 4).size("index-heads", "index_n_heads", 4)
                .size("index-size", "index_head_dim", v -> v.get("head-size"))
                .size("index-keys", "index_topk", v -> Math.max(1, v.get("context") / 16))
                .with("num_key_value_heads", 1).with("partial_rotary_factor", 0.5).with("hc_sinkhorn_iters", 20)
                .with("compress_rates", Map.of("compressed_sparse_attention", 4, "heavily_compressed_attention", 16))
                .with("layer_types", v -> layers(v, i -> i == 0 ? "sliding_attention" : i % 2 == 0
                        ? "compressed_sparse_attention" : "heavily_compressed_attention"))
                .with("mlp_layer_types", v -> layers(v, i -> i == 0 ? "hash_moe" : "moe"))
                .with("swiglu_limit", 10.0).with("routed_scaling_factor", 1.5).with("tie_word_embeddings", false);
    }

    private static FamilySizes gemma3n() {
        return gemma("gemma3n_text", "Gemma3nForCausalLM").size("streams", "altup_num_inputs", 4)
                .size("residual-rank", "laurel_rank", v -> Math.max(1, v.get("hidden") / 32))
                .size("layer-embedding", "hidden_size_per_layer_input", v -> Math.max(1, v.get("hidden") / 8))
                .with("vocab_size_per_layer_input", v -> v.get("vocab")).with("num_kv_shared_layers", 0)
                .with("altup_active_idx", 0).with("altup_correct_scale", true)
                .with("activation_sparsity_pattern",
                        v -> IntStream.range(0, v.get("layers")).mapToObj(_ -> 0.0).toList());
    }

    /// Layers are those of each of the two stacks.
    private static FamilySizes hrm() {
        return ends(sized("hrm_text", "HrmTextForCausalLM", "hidden_size", "num_layers_per_stack")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("head-size", "head_dim", v -> Math.max(2, v.get("hidden") / v.get("heads")))
                .size("mlp", "intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden"))),
                "max_position_embeddings").size("high-cycles", "H_cycles", 2).size("low-cycles", "L_cycles", 3)
                .with("num_hidden_layers", v -> v.get("layers") * v.get("high-cycles") * (v.get("low-cycles") + 1))
                .with("L_bp_cycles", List.of(2)).with("initializer_range", 0.02).with("embedding_scale", 50.0)
                .with("rms_norm_eps", 1e-6).with("rope_theta", 10_000.0).with("hidden_act", "silu")
                .with("prefix_lm", true).with("tie_word_embeddings", false);
    }

    private static FamilySizes inkling() {
        return chosen(ends(heads(sized("inkling2_loop_text", "Inkling2LoopForCausalLM", "hidden_size",
                "num_hidden_layers")), "max_position_embeddings"), "n_routed_experts", 16, 4)
                .size("expert-size", "moe_intermediate_size", v -> Math.max(1, v.get("hidden") / 2))
                .size("window", "sliding_window_size", v -> Math.max(1, v.get("context") / 4))
                .size("profiles", "d_rel", 16).size("passes", "loop_num_passes", 2)
                .size("gate-rank", "loop_gate_rank", v -> Math.max(1, v.get("hidden") / 32))
                .with("unpadded_vocab_size", v -> v.get("vocab")).with("n_layers_per_attn_res_block", 1)
                .with("loop_layer_index_start", 1).with("loop_layer_index_end", v -> Math.max(1, v.get("layers") - 1))
                .with("swa_num_attention_heads", v -> v.get("heads")).with("swa_head_dim", v -> v.get("head-size"))
                .with("swa_num_key_value_heads", v -> v.get("kv-heads")).with("rel_extent", v -> v.get("context"))
                .with("log_scaling_n_floor", v -> v.get("context")).with("log_scaling_alpha", 0.1)
                .with("layer_types", v -> layers(v, i -> i % 2 == 0 ? "hybrid_sliding" : "hybrid"))
                .with("conv_kernel_size", 4).with("route_scale", 1.0).with("rms_norm_eps", 1e-6);
    }

    private static FamilySizes glm() {
        return latent("glm5_next_text", "Glm5NextForConditionalGeneration").fixed("rotated", 0)
                .size("linear-heads", "linear_num_heads", v -> v.get("heads"))
                .size("linear-size", "linear_head_dim", v -> Math.max(1, v.get("hidden") / v.get("linear-heads")))
                .size("streams", "hc_mult", 4).size("block", "index_kpool", v -> Math.max(1, v.get("context") / 64))
                .size("index-heads", "index_n_heads", 4).size("index-size", "index_head_dim", 32)
                .size("index-keys", "index_topk", v -> 16 * v.get("block"))
                .with("linear_conv_kernel_dim", 4).with("linear_lower_bound", -5.0).with("hc_sinkhorn_iters", 20)
                .with("swiglu_limit", 10.0).with("norm_topk_prob", true).with("pad_token_id", _ -> null)
                .with("mlp_layer_types", v -> layers(v, i -> i < v.get("dense") ? "dense" : "sparse"))
                .with("layer_types", v -> layers(v, i -> i % 4 == 3 ? "indexed_attention" : "linear_attention"));
    }

    private static FamilySizes longcat() {
        return rms(ends(sized("longcat_flash", "LongcatFlashForCausalLM", "hidden_size", "num_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "ffn_hidden_size", v -> MixerKeys.gatedWidth(v.get("hidden")))
                .size("experts", "n_routed_experts", 12).size("identities", "zero_expert_num", 4)
                .size("active", "moe_topk", v -> Math.min(4, v.get("experts")))
                .size("expert-size", "expert_ffn_hidden_size", v -> MixerKeys.gatedWidth(v.get("hidden") / 4))
                .size("query-rank", "q_lora_rank", v -> Math.max(1, v.get("hidden") / 2))
                .size("kv-rank", "kv_lora_rank", v -> Math.max(1, v.get("hidden") / 4))
                .size("head-size", "qk_nope_head_dim", 32).size("rotated", "qk_rope_head_dim", 16)
                .size("value-size", "v_head_dim", v -> v.get("head-size")), "max_position_embeddings"), 1e-5, 1e7)
                .with("head_dim", v -> v.get("rotated")).with("num_key_value_heads", v -> v.get("heads"))
                .with("routed_scaling_factor", 1.0).with("tie_word_embeddings", false);
    }

    private static FamilySizes qwen() {
        return withExpertSize(chosen(delta(rms(usual("qwen4_exp_text", "Qwen4ExpForCausalLM"), 1e-6, 1e6)),
                "num_experts", 16, 4))
                .size("shared-size", "shared_expert_intermediate_size", v -> v.get("expert-size"))
                .size("streams", "hc_count", 4).size("stream-rank", "hc_lowrank", v -> Math.max(1, v.get("hidden") / 8))
                .size("index-heads", "indexer_n_heads", 4)
                .size("index-size", "indexer_head_dim", v -> v.get("head-size"))
                .size("block", "indexer_compress_ratio", v -> Math.max(1, v.get("context") / 64))
                .size("index-keys", "indexer_budget", v -> 16 * v.get("block"))
                .size("ngrams", "ngram_vocab_size_base", 1000).size("ngram-heads", "heads_per_ngram", 2)
                .size("ngram-size", "ple_embed_dim", v -> 4 * v.get("ngram-heads")
                        * Math.max(1, v.get("hidden") / 4 / v.get("ngram-heads")))
                .with("ngram_size", 3).with("ple_layer_ids", List.of(1)).with("ple_conv_kernel_size", 4)
                .with("make_ngram_vocab_size_divisible_by", 8).with("split_ngram_parts", 1).with("seed", 1234)
                .with("indexer_kv_heads", 1).with("eos_token_id", 0).with("norm_topk_prob", true)
                .with("tie_word_embeddings", false);
    }

    private static FamilySizes minimax() {
        return chosen(rms(usual("minimax_m3_vl_text", "MiniMaxM3VLForCausalLM"), 1e-6, 5e6), "num_local_experts", 8, 2)
                .size("dense-mlp", "dense_intermediate_size", v -> 2 * v.get("mlp"))
                .size("shared-size", "shared_intermediate_size", v -> v.get("mlp"))
                .size("index-heads", "index_n_heads", v -> v.get("kv-heads"))
                .size("index-size", "index_head_dim", v -> v.get("head-size"))
                .size("block", "index_block_size", v -> Math.max(1, v.get("context") / 32))
                .size("blocks", "index_topk_blocks", 8).with("index_local_blocks", 1)
                .with("rotary_dim", v -> Math.max(2, v.get("head-size") / 4 * 2))
                .with("layer_types", v -> layers(v, i -> i == 0 ? "full_attention" : "minimax_m3_sparse"))
                .with("mlp_layer_types", v -> layers(v, i -> i == 0 ? "dense" : "sparse"))
                .with("tie_word_embeddings", false);
    }

    private static FamilySizes mimo() {
        return withExpertSize(chosen(rms(usual("mimo_v2_flash", "MiMoV2FlashForCausalLM"), 1e-5, 10_000),
                "n_routed_experts", 16, 4))
                // Layers with a window have twice as many key-value heads as the others.
                .size("heads", "num_attention_heads", v -> 2 * heads(v.get("hidden")))
                .size("kv-heads", "num_key_value_heads", v -> Math.max(1, v.get("heads") / 2))
                .size("value-size", "v_head_dim", v -> v.get("head-size"))
                .size("window", "sliding_window", v -> Math.max(1, v.get("context") / 4))
                .with("rope_parameters", Map.of("full_attention", mimoRope(5e6), "sliding_attention", mimoRope(1e4)))
                .with("attention_value_scale", 0.707)
                .with("norm_topk_prob", true).with("tie_word_embeddings", false);
    }

    private static Map<String, Object> mimoRope(double theta) {
        return Map.of("rope_type", "default", "rope_theta", theta, "partial_rotary_factor", 0.5);
    }
}

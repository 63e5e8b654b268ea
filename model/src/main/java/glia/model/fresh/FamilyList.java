package glia.model.fresh;

import static glia.model.fresh.FamilyList.ends;
import static glia.model.fresh.FamilyList.heads;
import static glia.model.fresh.FamilyList.sized;

import glia.model.fresh.FamilySizes.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// The families that a new model can be made of, each with its sizes. Defaults are those of small models; values that
/// are no sizes are those of the published models.
final class FamilyList {
    private static final int HIDDEN = 256;
    private static final int LAYERS = 6;
    private static final int VOCAB = 4096;
    private static final int CONTEXT = 512;
    private static final int HEAD_SIZE = 64;
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final String LINEAR = "linear_attention";

    /// All families, sorted by name.
    static final List<FamilySizes> ALL = all();

    private FamilyList() { }

    private static List<FamilySizes> all() {
        List<FamilySizes> all = new ArrayList<>(dense());
        all.addAll(classic());
        all.addAll(experts());
        all.addAll(hybrid());
        all.addAll(DecoderList.all());
        all.addAll(StreamList.all());
        all.addAll(RareDecoders.all());
        all.addAll(HybridList.all());
        all.add(llava());
        all.addAll(EncoderList.all());
        all.addAll(EncoderList.diffusion());
        all.sort((a, b) -> a.modelType().compareTo(b.modelType()));
        return List.copyOf(all);
    }

    static FamilySizes sized(String type, String architecture, String hidden, String layers) {
        return FamilySizes.of(type, architecture).size("hidden", hidden, HIDDEN).size("layers", layers, LAYERS);
    }

    static FamilySizes ends(FamilySizes family, String context) {
        return family.size("vocab", "vocab_size", VOCAB).size("context", context, CONTEXT);
    }

    /// Hidden size, layers, heads of 64, vocabulary and context under the usual keys.
    static FamilySizes usual(String type, String architecture) {
        return ends(heads(sized(type, architecture, "hidden_size", "num_hidden_layers"))
                .size("mlp", "intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden"))),
                "max_position_embeddings").with("tie_word_embeddings", true);
    }

    static FamilySizes heads(FamilySizes family) {
        return family.size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("kv-heads", "num_key_value_heads", v -> v.get("heads"))
                .size("head-size", "head_dim", v -> Math.max(2, v.get("hidden") / v.get("heads")));
    }

    /// The largest number of heads that divides the hidden size into heads of at least 64.
    static int heads(int hidden) {
        int heads = Math.max(1, hidden / HEAD_SIZE);
        while (hidden % heads != 0) {
            heads--;
        }
        return heads;
    }

    static FamilySizes rms(FamilySizes family, double eps, double theta) {
        return family.with("hidden_act", "silu").with("rms_norm_eps", eps).with("rope_theta", theta);
    }

    static Object layers(Values v, IntFunction<String> kind) {
        return IntStream.range(0, v.get("layers")).mapToObj(kind).toList();
    }

    private static List<FamilySizes> dense() {
        return List.of(rms(usual("llama", "LlamaForCausalLM"), 1e-5, 10_000),
                rms(usual("mistral", "MistralForCausalLM"), 1e-5, 10_000).with("sliding_window", _ -> null),
                rms(usual("ministral3", "Ministral3ForCausalLM"), 1e-5, 1e6)
                        .with("rope_parameters", v -> Map.of("rope_type", "default", "rope_theta", 1e6,
                                "llama_4_scaling_beta", 0.1, "original_max_position_embeddings", v.get("context"))),
                rms(usual("qwen2", "Qwen2ForCausalLM"), 1e-6, 1e6),
                rms(usual("qwen3", "Qwen3ForCausalLM"), 1e-6, 1e6),
                // Its default padding token is beyond small vocabularies.
                rms(usual("smollm3", "SmolLM3ForCausalLM"), 1e-6, 2e6).with("pad_token_id", _ -> null),
                gemma("gemma2", "Gemma2ForCausalLM").with("attn_logit_softcapping", 50.0)
                        .with("final_logit_softcapping", 30.0),
                gemma("gemma3_text", "Gemma3ForCausalLM").with("rope_local_base_freq", 10_000.0),
                gemma("gemma4_text", "Gemma4ForCausalLM").with("hidden_size_per_layer_input", 0)
                        .with("global_head_dim", v -> v.get("head-size")).with("attention_k_eq_v", false)
                        .with("num_kv_shared_layers", 0).with("enable_moe_block", false));
    }

    static FamilySizes gemma(String type, String architecture) {
        return usual(type, architecture).size("window", "sliding_window", v -> Math.max(1, v.get("context") / 4))
                .with("hidden_activation", "gelu_pytorch_tanh").with("rms_norm_eps", 1e-6)
                .with("query_pre_attn_scalar", v -> v.get("head-size"));
    }

    /// LLaVA: a CLIP tower, whose pictures are square, before a Llama.
    private static FamilySizes llava() {
        return ends(sized("llava", "LlavaForConditionalGeneration", "", "")
                .size("heads", "", v -> heads(v.get("hidden"))).size("kv-heads", "", v -> v.get("heads"))
                .size("mlp", "", v -> MixerKeys.gatedWidth(v.get("hidden"))), "")
                .size("vision-hidden", "", v -> v.get("hidden")).size("vision-layers", "", v -> v.get("layers"))
                .size("vision-heads", "", v -> heads(v.get("vision-hidden"))).size("image", "", 224)
                .size("patch", "", 14).size("image-token", "image_token_index", v -> v.get("vocab") - 1)
                .with("vision_feature_layer", -1).with("vision_feature_select_strategy", "default")
                .with("projector_hidden_act", "gelu").with("multimodal_projector_bias", true)
                .with("image_seq_length", v -> v.get("image") / v.get("patch") * (v.get("image") / v.get("patch")))
                .with("tie_word_embeddings", true)
                .with("text_config", v -> rms(usual("llama", "LlamaForCausalLM"), 1e-5, 10_000).config(Map.of(
                        "hidden", v.get("hidden"), "layers", v.get("layers"), "heads", v.get("heads"), "kv-heads",
                        v.get("kv-heads"), "mlp", v.get("mlp"), "vocab", v.get("vocab"), "context",
                        v.get("context"))))
                .with("vision_config", v -> Map.of("model_type", "clip_vision_model", "hidden_size",
                        v.get("vision-hidden"), "num_hidden_layers", v.get("vision-layers"), "num_attention_heads",
                        v.get("vision-heads"), "intermediate_size", 4 * v.get("vision-hidden"), "image_size",
                        v.get("image"), "patch_size", v.get("patch"), "hidden_act", "quick_gelu", "projection_dim",
                        v.get("vision-hidden")));
    }

    /// Layer norms, learned positions or ALiBi, and ModernBERT.
    private static List<FamilySizes> classic() {
        FamilySizes modern = ends(sized("modernbert", "ModernBertForMaskedLM", "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "intermediate_size", v -> 3 * v.get("hidden") / 2), "max_position_embeddings")
                .size("window", "local_attention", v -> Math.max(2, v.get("context") / 4))
                .with("hidden_activation", "gelu").with("norm_eps", 1e-5).with("pad_token_id", 0)
                .with("tie_word_embeddings", true);
        FamilySizes gpt2 = ends(sized("gpt2", "GPT2LMHeadModel", "n_embd", "n_layer")
                .size("heads", "n_head", v -> heads(v.get("hidden")))
                .size("mlp", "n_inner", v -> 4 * v.get("hidden")), "n_positions")
                .with("activation_function", "gelu_new").with("layer_norm_epsilon", 1e-5)
                .with("tie_word_embeddings", true);
        FamilySizes bloom = ends(sized("bloom", "BloomForCausalLM", "hidden_size", "n_layer")
                .size("heads", "n_head", v -> heads(v.get("hidden"))), "seq_length")
                .with("layer_norm_epsilon", 1e-5).with("tie_word_embeddings", true);
        FamilySizes mpt = ends(sized("mpt", "MptForCausalLM", "d_model", "n_layers")
                .size("heads", "n_heads", v -> heads(v.get("hidden"))).size("expansion", "expansion_ratio", 4),
                "max_seq_len").with("no_bias", true).with("tie_word_embeddings", true)
                .with("attn_config", Map.of("alibi", true, "alibi_bias_max", 8));
        return List.of(modern, gpt2, bloom, mpt);
    }

    static FamilySizes chosen(FamilySizes family, String experts, int count, int active) {
        return family.size("experts", experts, count).size("active", "num_experts_per_tok",
                v -> Math.min(active, v.get("experts")));
    }

    static FamilySizes withExpertSize(FamilySizes family) {
        return family.size("expert-size", "moe_intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden") / 4));
    }

    private static List<FamilySizes> experts() {
        FamilySizes glm = withExpertSize(chosen(rms(usual("glm4_moe", "Glm4MoeForCausalLM"), 1e-5, 1e6),
                "n_routed_experts", 16, 4)).size("dense", "first_k_dense_replace", 1)
                .size("shared", "n_shared_experts", 1).with("norm_topk_prob", true).with("use_qk_norm", false)
                .with("partial_rotary_factor", 0.5).with("routed_scaling_factor", 1.0);
        return List.of(chosen(rms(usual("mixtral", "MixtralForCausalLM"), 1e-5, 1e6), "num_local_experts", 8, 2),
                withExpertSize(chosen(rms(usual("qwen3_moe", "Qwen3MoeForCausalLM"), 1e-6, 1e6), "num_experts", 16, 4))
                        .with("norm_topk_prob", true),
                chosen(rms(usual("gpt_oss", "GptOssForCausalLM"), 1e-5, 150_000), "num_local_experts", 8, 2)
                        .size("window", "sliding_window", v -> Math.max(1, v.get("context") / 4))
                        .with("attention_bias", true)
                        .with("layer_types", v -> layers(v, i -> i % 2 == 0 ? SLIDING : FULL)),
                chosen(rms(usual("minimax_m2", "MiniMaxM2ForCausalLM"), 1e-6, 5e6), "num_local_experts", 8, 2),
                chosen(rms(usual("llama4_text", "Llama4ForCausalLM"), 1e-5, 500_000), "num_local_experts", 8, 1)
                        .size("dense-mlp", "intermediate_size_mlp", v -> 2 * v.get("mlp"))
                        .size("window", "attention_chunk_size", v -> Math.max(1, v.get("context") / 4))
                        .with("interleave_moe_layer_step", 1).with("use_qk_norm", true), glm,
                latent("deepseek_v2", "DeepseekV2ForCausalLM").with("topk_method", "greedy"),
                latent("deepseek_v3", "DeepseekV3ForCausalLM"), latent("kimi_k2", "DeepseekV3ForCausalLM"),
                indexed("deepseek_v32", "DeepseekV32ForCausalLM"), indexed("glm_moe_dsa", "GlmMoeDsaForCausalLM"));
    }

    /// Latent attention with fine-grained experts.
    static FamilySizes latent(String type, String architecture) {
        return rms(withExpertSize(chosen(ends(sized(type, architecture, "hidden_size", "num_hidden_layers")
                .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                .size("mlp", "intermediate_size", v -> MixerKeys.gatedWidth(v.get("hidden"))),
                "max_position_embeddings"), "n_routed_experts", 16, 4)), 1e-6, 10_000)
                .size("shared", "n_shared_experts", 1).size("dense", "first_k_dense_replace", 1)
                .size("groups", "n_group", 1).size("kept-groups", "topk_group", v -> v.get("groups"))
                .size("query-rank", "q_lora_rank", v -> Math.max(1, v.get("hidden") / 2))
                .size("kv-rank", "kv_lora_rank", v -> Math.max(1, v.get("hidden") / 4))
                .size("head-size", "qk_nope_head_dim", 32).size("rotated", "qk_rope_head_dim", 16)
                .size("value-size", "v_head_dim", v -> v.get("head-size"))
                .with("num_key_value_heads", v -> v.get("heads")).with("tie_word_embeddings", false)
                .with("routed_scaling_factor", 1.0);
    }

    private static FamilySizes indexed(String type, String architecture) {
        return latent(type, architecture).size("index-heads", "index_n_heads", 4)
                .size("index-size", "index_head_dim", v -> Math.max(32, v.get("rotated")))
                .size("index-keys", "index_topk", v -> Math.max(1, v.get("context") / 4));
    }

    /// State spaces and linear attention, alone or with some layers of softmax attention.
    private static List<FamilySizes> hybrid() {
        FamilySizes mamba = mamba("mamba", "MambaForCausalLM").size("state", "state_size", 16)
                .with("conv_kernel", 4).with("expand", 2).with("layer_norm_epsilon", 1e-5).with("use_conv_bias", true)
                .with("use_bias", false).with("hidden_act", "silu")
                .with("intermediate_size", v -> 2 * v.get("hidden"))
                .with("time_step_rank", v -> Math.ceilDiv(v.get("hidden"), 16));
        FamilySizes mamba2 = mamba("mamba2", "Mamba2ForCausalLM")
                .size("head-size", "head_dim", v -> divisor(2 * v.get("hidden")))
                .size("heads", "num_heads", v -> 2 * v.get("hidden") / v.get("head-size"))
                .size("state", "state_size", 64).size("groups", "n_groups", 1).with("conv_kernel", 4)
                .with("expand", 2).with("layer_norm_epsilon", 1e-5).with("use_conv_bias", true).with("use_bias", false)
                .with("hidden_act", "silu");
        FamilySizes bamba = dual(rms(usual("bamba", "BambaForCausalLM"), 1e-5, 10_000), 2)
                .with("partial_rotary_factor", 0.5)
                .with("attn_layer_indices", v -> IntStream.range(0, v.get("layers")).filter(i -> i % 4 == 3).boxed()
                        .toList());
        FamilySizes falcon = dual(rms(usual("falcon_h1", "FalconH1ForCausalLM"), 1e-5, 1e11), 1)
                .with("mamba_d_ssm", v -> v.get("hidden")).with("mamba_rms_norm", true)
                .with("mamba_norm_before_gate", false);
        FamilySizes granite = chosen(dual(rms(usual("granitemoehybrid", "GraniteMoeHybridForCausalLM"), 1e-5, 10_000),
                2), "num_local_experts", 8, 2).size("shared-size", "shared_intermediate_size",
                        v -> v.get("mlp")).with("layer_types", v -> layers(v, i -> i % 4 == 3 ? FULL : LINEAR))
                .with("embedding_multiplier", 1.0).with("attention_multiplier",
                        v -> 1 / Math.sqrt(v.get("head-size"))).with("residual_multiplier", 1.0)
                .with("logits_scaling", 1.0);
        FamilySizes jamba = chosen(usual("jamba", "JambaForCausalLM"), "num_experts", 4, 2)
                .size("state", "mamba_d_state", 16).with("hidden_act", "silu").with("rms_norm_eps", 1e-6)
                .with("attn_layer_period", 4).with("attn_layer_offset", 2).with("expert_layer_period", 2)
                .with("expert_layer_offset", 1).with("mamba_d_conv", 4).with("mamba_expand", 2)
                .with("mamba_dt_rank", v -> Math.ceilDiv(v.get("hidden"), 16)).with("mamba_conv_bias", true)
                .with("mamba_proj_bias", false);
        FamilySizes minimax = chosen(rms(usual("minimax", "MiniMaxForCausalLM"), 1e-5, 1e6), "num_local_experts", 4, 2)
                .with("layer_types", v -> layers(v, i -> i % 2 == 0 ? LINEAR : FULL));
        FamilySizes next = withExpertSize(chosen(delta(rms(usual("qwen3_next", "Qwen3NextForCausalLM"), 1e-6, 1e6)),
                "num_experts", 16, 4)).size("shared-size", "shared_expert_intermediate_size",
                        v -> v.get("expert-size")).with("norm_topk_prob", true);
        return List.of(mamba, mamba2, bamba, falcon, granite, jamba, minimax, nemotron(), next,
                next.named("qwen3_5_moe_text", "Qwen3_5MoeForCausalLM"),
                delta(rms(usual("qwen3_5_text", "Qwen3_5ForCausalLM"), 1e-6, 1e6)));
    }

    /// Mamba's context is not limited by a position encoding.
    static FamilySizes mamba(String type, String architecture) {
        return ends(sized(type, architecture, "hidden_size", "num_hidden_layers"), "max_position_embeddings")
                .with("tie_word_embeddings", true);
    }

    /// The largest head size up to 64 that divides an inner size.
    private static int divisor(int inner) {
        int size = Math.min(HEAD_SIZE, inner);
        while (inner % size != 0) {
            size--;
        }
        return size;
    }

    private static FamilySizes dual(FamilySizes family, int expand) {
        return family.size("ssm-head-size", "mamba_d_head", v -> divisor(expand * v.get("hidden")))
                .size("ssm-heads", "mamba_n_heads", v -> expand * v.get("hidden") / v.get("ssm-head-size"))
                .size("state", "mamba_d_state", 64).size("groups", "mamba_n_groups", 1).with("mamba_d_conv", 4)
                .with("mamba_expand", expand).with("mamba_conv_bias", true).with("mamba_proj_bias", false);
    }

    private static FamilySizes nemotron() {
        return ends(heads(sized("nemotron_h", "NemotronHForCausalLM", "hidden_size", "num_hidden_layers"))
                .size("mlp", "intermediate_size", v -> 4 * v.get("hidden"))
                .size("ssm-head-size", "mamba_head_dim", v -> divisor(2 * v.get("hidden")))
                .size("ssm-heads", "mamba_num_heads", v -> 2 * v.get("hidden") / v.get("ssm-head-size"))
                .size("state", "ssm_state_size", 64).size("groups", "n_groups", 1), "max_position_embeddings")
                .with("layers_block_type", v -> layers(v, i -> i % 4 == 3 ? FULL : i % 2 == 0 ? LINEAR : "mlp"))
                .with("expand", 2).with("conv_kernel", 4).with("layer_norm_epsilon", 1e-5)
                .with("mamba_hidden_act", "silu").with("mlp_hidden_act", "relu2").with("use_conv_bias", true)
                .with("tie_word_embeddings", false);
    }

    static FamilySizes delta(FamilySizes family) {
        return family.size("key-heads", "linear_num_key_heads", v -> Math.max(1, v.get("heads") / 2))
                .size("value-heads", "linear_num_value_heads", v -> 2 * v.get("key-heads"))
                .size("key-size", "linear_key_head_dim", v -> Math.max(1, v.get("hidden") / v.get("value-heads")))
                .size("value-size", "linear_value_head_dim", v -> v.get("key-size"))
                .with("linear_conv_kernel_dim", 4).with("partial_rotary_factor", 0.25)
                .with("layer_types", v -> layers(v, i -> i % 4 == 3 ? FULL : LINEAR));
    }

    /// The sizes of encoders and encoder-decoders that are built like BERT, T5 or BART.
    static final class EncoderList {
        private static final int PADDING_OF_ROBERTA = 1;

        private EncoderList() { }

        /// Text diffusion models, whose last token is the mask.
        static List<FamilySizes> diffusion() {
            FamilySizes llada = ends(sized("llada", "LLaDAModelLM", "d_model", "n_layers")
                    .size("heads", "n_heads", v -> heads(v.get("hidden")))
                    .size("kv-heads", "n_kv_heads", v -> v.get("heads"))
                    .size("mlp", "mlp_hidden_size", v -> MixerKeys.gatedWidth(v.get("hidden"))), "max_sequence_length")
                    .with("embedding_size", v -> v.get("vocab")).with("mask_token_id", v -> v.get("vocab") - 1)
                    .with("rope", true).with("rope_theta", 5e5).with("include_bias", false).with("block_type", "llama")
                    .with("layer_norm_type", "rms").with("rms_norm_eps", 1e-5).with("activation_type", "silu")
                    .with("weight_tying", false);
            FamilySizes dream = FamilyList.rms(FamilyList.usual("Dream", "DreamModel"), 1e-6, 1e6)
                    .with("mask_token_id", v -> v.get("vocab") - 1);
            FamilySizes gemma = FamilyList.withExpertSize(FamilyList.gemma("diffusion_gemma",
                    "DiffusionGemmaForBlockDiffusion").size("experts", "num_experts", 8)
                    .size("active", "top_k_experts", v -> Math.min(2, v.get("experts"))))
                    .size("canvas", "canvas_length", 32).with("global_head_dim", v -> v.get("head-size"));
            return List.of(llada, dream, gemma);
        }

        static List<FamilySizes> all() {
            FamilySizes distilbert = ends(sized("distilbert", "DistilBertForMaskedLM", "dim", "n_layers")
                    .size("heads", "n_heads", v -> heads(v.get("hidden")))
                    .size("mlp", "hidden_dim", v -> 4 * v.get("hidden")), "max_position_embeddings")
                    .with("activation", "gelu").with("pad_token_id", 0).with("tie_word_embeddings", true);
            // Its positions begin behind the padding token, so the context is shorter than the table.
            FamilySizes roberta = bert("roberta", "RobertaForMaskedLM").with("layer_norm_eps", 1e-5)
                    .with("type_vocab_size", 1).with("pad_token_id", PADDING_OF_ROBERTA)
                    .with("max_position_embeddings", v -> v.get("context") + PADDING_OF_ROBERTA + 1);
            return List.of(bert("bert", "BertForMaskedLM"), roberta, roberta.named("camembert",
                    "CamembertForMaskedLM"), roberta.named("xlm-roberta", "XLMRobertaForMaskedLM"), distilbert,
                    deberta(), relative("deberta", "DebertaForMaskedLM"),
                    bert("electra", "ElectraForMaskedLM").size("embedding-size", "embedding_size",
                            v -> Math.max(1, v.get("hidden") / 2)),
                    bert("albert", "AlbertForMaskedLM").size("embedding-size", "embedding_size",
                            v -> Math.max(1, v.get("hidden") / 2)).size("groups", "num_hidden_groups", 1)
                            .with("inner_group_num", 1).with("hidden_act", "gelu_new"),
                    t5("t5", "T5ForConditionalGeneration"),
                    t5("mt5", "MT5ForConditionalGeneration"), t5("umt5", "UMT5ForConditionalGeneration"), bart());
        }

        private static FamilySizes bert(String type, String architecture) {
            return ends(sized(type, architecture, "hidden_size", "num_hidden_layers")
                    .size("heads", "num_attention_heads", v -> heads(v.get("hidden")))
                    .size("mlp", "intermediate_size", v -> 4 * v.get("hidden")), "max_position_embeddings")
                    .with("hidden_act", "gelu").with("layer_norm_eps", 1e-12).with("type_vocab_size", 2)
                    .with("pad_token_id", 0).with("tie_word_embeddings", true);
        }

        private static FamilySizes relative(String type, String architecture) {
            return bert(type, architecture).with("type_vocab_size", 0).with("layer_norm_eps", 1e-7)
                    .with("relative_attention", true).with("position_biased_input", false)
                    .with("max_relative_positions", -1).with("pos_att_type", List.of("c2p", "p2c"));
        }

        private static FamilySizes deberta() {
            return relative("deberta-v2", "DebertaV2ForMaskedLM").with("share_att_key", true)
                    .with("norm_rel_ebd", "layer_norm")
                    .size("buckets", "position_buckets", v -> Math.max(2, v.get("context") / 2));
        }

        private static FamilySizes t5(String type, String architecture) {
            return ends(sized(type, architecture, "d_model", "num_layers")
                    .size("decoder-layers", "num_decoder_layers", v -> v.get("layers"))
                    .size("heads", "num_heads", v -> heads(v.get("hidden")))
                    .size("head-size", "d_kv", v -> Math.max(2, v.get("hidden") / v.get("heads")))
                    .size("mlp", "d_ff", v -> MixerKeys.gatedWidth(v.get("hidden"))), "n_positions")
                    .with("feed_forward_proj", "gated-gelu").with("layer_norm_epsilon", 1e-6)
                    .with("is_encoder_decoder", true).with("decoder_start_token_id", 0).with("pad_token_id", 0)
                    .with("relative_attention_num_buckets", 32).with("relative_attention_max_distance", 128)
                    .with("tie_word_embeddings", true);
        }

        private static FamilySizes bart() {
            return ends(sized("bart", "BartForConditionalGeneration", "d_model", "encoder_layers")
                    .size("decoder-layers", "decoder_layers", v -> v.get("layers"))
                    .size("heads", "encoder_attention_heads", v -> heads(v.get("hidden")))
                    .size("decoder-heads", "decoder_attention_heads", v -> v.get("heads"))
                    .size("mlp", "encoder_ffn_dim", v -> 4 * v.get("hidden"))
                    .size("decoder-mlp", "decoder_ffn_dim", v -> v.get("mlp")), "max_position_embeddings")
                    .with("activation_function", "gelu").with("scale_embedding", false).with("is_encoder_decoder", true)
                    .with("decoder_start_token_id", 2).with("pad_token_id", 1).with("tie_word_embeddings", true);
        }
    }
}

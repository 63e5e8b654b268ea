package glia.model.family;

import java.util.List;

/// The multimodal models whose text model is supported.
final class MultimodalFamilies {
    private static final List<String> TOWER = List.of("vision_tower.", "multi_modal_projector.");
    private static final List<String> VISUAL = List.of("visual.");
    /// The towers, and what makes speech, which is not run.
    private static final List<String> OMNI = List.of("visual.", "audio_tower.", "talker.", "token2wav.", "code2wav.");
    private static final List<String> SHUFFLED = List.of("vision_model.", "connector.");

    private MultimodalFamilies() { }

    static final List<Family> ALL = List.of(
            PictureText.CLIP,
            PictureText.SIGLIP,
            new TextBackbone("emu3", "emu3_text_model", false, List.of("vqmodel.")),
            new TextBackbone("gemma3", "gemma3_text", true, TOWER, VisionTransformer.SIGLIP),
            new TextBackbone("gemma3n", "gemma3n_text", true,
                    List.of("vision_tower.", "audio_tower.", "embed_vision.", "embed_audio.")),
            new TextBackbone("gemma4", "gemma4_text", true,
                    List.of("vision_tower.", "audio_tower.", "embed_vision.", "embed_audio."), new Gemma4Sound()),
            new TextBackbone("gemma4_unified", "gemma4_unified_text", true,
                    List.of("vision_embedder.", "embed_vision.", "embed_audio."), new Gemma4Unified()),
            new TextBackbone("glm5_next", Glm5Next.TEXT, false, VISUAL),
            new TextBackbone("glm4v", "glm4v_text", false, VISUAL, new Glm4vVision()),
            new TextBackbone("glm4v_moe", "glm4v_moe_text", false, VISUAL, new Glm4vVision()),
            new TextBackbone("idefics3", "llama", false, SHUFFLED, VisionTransformer.SHUFFLED),
            new TextBackbone("internvl", "qwen2", true, TOWER, new InternVision()),
            new TextBackbone("janus", "llama", true, List.of("vision_model.", "aligner.", "vqmodel.",
                    "generation_embeddings.", "generation_aligner.", "generation_head."), new JanusVision()),
            new TextBackbone("kimi_k25", "deepseek_v3", true, List.of("vision_tower.", "mm_projector."),
                    new KimiVision()),
            new TextBackbone("llama4", "llama4_text", false, List.of("vision_model.", "multi_modal_projector."),
                    new Llama4Vision()),
            new TextBackbone("llava", "llama", false, TOWER, VisionTransformer.CLIP),
            new TextBackbone("llava_next", "llama", false,
                    List.of("vision_tower.", "multi_modal_projector.", "image_newline"), VisionTransformer.CLIP),
            new TextBackbone("minimax_m3_vl", "minimax_m3_vl_text", false,
                    List.of("vision_tower.", "multi_modal_projector.", "patch_merge_mlp."), new MiniMaxVision()),
            new TextBackbone("mistral_large4", MistralLarge4.TEXT, false, List.of("vision_encoder.", "patch_merger.",
                    "pre_mm_projector_norm.", "vision_language_adapter.", "mtp_dspark.")),
            new TextBackbone("mistral3", "mistral", true, TOWER, new PixtralVision()),
            new TextBackbone("qwen2_5_vl", "qwen2_5_vl_text", false, VISUAL, QwenVision.QWEN2_5),
            new TextBackbone("qwen2_5_omni_thinker", "qwen2_5_omni_text", false, OMNI, QwenOmni.QWEN2_5),
            new TextBackbone("qwen2_5_omni", "qwen2_5_omni_text", false, OMNI, QwenOmni.QWEN2_5),
            new TextBackbone("qwen3_omni_moe_thinker", "qwen3_omni_moe_text", false, OMNI, QwenOmni.QWEN3),
            new TextBackbone("qwen3_omni_moe", "qwen3_omni_moe_text", false, OMNI, QwenOmni.QWEN3),
            new TextBackbone("qwen2_vl", "qwen2_vl_text", false, VISUAL, QwenVision.QWEN2),
            new TextBackbone("qwen3_5", "qwen3_5_text", false, VISUAL, QwenVision.QWEN3_5),
            new TextBackbone("qwen3_5_moe", "qwen3_5_moe_text", false, VISUAL, QwenVision.QWEN3_5),
            new TextBackbone("qwen4_exp", Qwen4Exp.TEXT, false, VISUAL),
            new TextBackbone("qwen3_vl", "qwen3_vl_text", false, VISUAL, QwenVision.QWEN3),
            new TextBackbone("qwen3_vl_moe", "qwen3_vl_moe_text", false, VISUAL, QwenVision.QWEN3),
            new TextBackbone("smolvlm", "llama", false, SHUFFLED, VisionTransformer.SHUFFLED));
}

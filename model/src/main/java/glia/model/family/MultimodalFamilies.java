package glia.model.family;

import java.util.List;
import java.util.Optional;

/// The multimodal models whose text model is supported.
final class MultimodalFamilies {
    private static final List<String> TOWER = List.of("vision_tower.", "multi_modal_projector.");
    private static final List<String> VISUAL = List.of("visual.");

    private MultimodalFamilies() { }

    static final List<Family> ALL = List.of(
            new TextBackbone("gemma3", "gemma3_text", true, TOWER, Optional.of(VisionTransformer.SIGLIP)),
            new TextBackbone("gemma3n", "gemma3n_text", true,
                    List.of("vision_tower.", "audio_tower.", "embed_vision.", "embed_audio.")),
            new TextBackbone("gemma4", "gemma4_text", true,
                    List.of("vision_tower.", "audio_tower.", "embed_vision.", "embed_audio.")),
            new TextBackbone("kimi_k25", "deepseek_v3", true, List.of("vision_tower.", "mm_projector.")),
            new TextBackbone("llama4", "llama4_text", false, List.of("vision_model.", "multi_modal_projector.")),
            new TextBackbone("llava", "llama", false, TOWER, Optional.of(VisionTransformer.CLIP)),
            new TextBackbone("llava_next", "llama", false,
                    List.of("vision_tower.", "multi_modal_projector.", "image_newline"),
                    Optional.of(VisionTransformer.CLIP)),
            new TextBackbone("minimax_m3_vl", "minimax_m3_vl_text", false,
                    List.of("vision_tower.", "multi_modal_projector.", "patch_merge_mlp.")),
            new TextBackbone("mistral_large4", MistralLarge4.TEXT, false, List.of("vision_encoder.", "patch_merger.",
                    "pre_mm_projector_norm.", "vision_language_adapter.", "mtp_dspark.")),
            new TextBackbone("mistral3", "mistral", true, TOWER),
            new TextBackbone("qwen2_5_vl", "qwen2_5_vl_text", false, VISUAL),
            new TextBackbone("qwen2_vl", "qwen2_vl_text", false, VISUAL, Optional.of(new Qwen2Vision())),
            new TextBackbone("qwen3_5", "qwen3_5_text", false, VISUAL),
            new TextBackbone("qwen3_5_moe", "qwen3_5_moe_text", false, VISUAL),
            new TextBackbone("qwen3_vl", "qwen3_vl_text", false, VISUAL));
}

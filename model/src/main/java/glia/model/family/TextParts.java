package glia.model.family;

import java.util.List;

/// The models for more than text whose text part runs.
final class TextParts {
    private static final List<String> TOWER = List.of("vision_tower.", "multi_modal_projector.");
    private static final List<String> VISUAL = List.of("visual.");

    private TextParts() { }

    static final List<Family> ALL = List.of(
            new TextPart("gemma3", "gemma3_text", true, TOWER),
            new TextPart("gemma4", "gemma4_text", true,
                    List.of("vision_tower.", "audio_tower.", "embed_vision.", "embed_audio.")),
            new TextPart("kimi_k25", "deepseek_v3", true, List.of("vision_tower.", "mm_projector.")),
            new TextPart("llama4", "llama4_text", false, List.of("vision_model.", "multi_modal_projector.")),
            new TextPart("llava", "llama", false, TOWER),
            new TextPart("llava_next", "llama", false,
                    List.of("vision_tower.", "multi_modal_projector.", "image_newline")),
            new TextPart("mistral3", "mistral", true, TOWER),
            new TextPart("qwen2_5_vl", "qwen2_5_vl_text", false, VISUAL),
            new TextPart("qwen2_vl", "qwen2_vl_text", false, VISUAL),
            new TextPart("qwen3_5", "qwen3_5_text", false, VISUAL),
            new TextPart("qwen3_5_moe", "qwen3_5_moe_text", false, VISUAL),
            new TextPart("qwen3_vl", "qwen3_vl_text", false, VISUAL));
}

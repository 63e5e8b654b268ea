package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.family.config.Numbers;
import glia.model.layout.Source;
import glia.model.spec.Mixer;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Role;
import glia.model.spec.Tower;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// The encoders that `mmproj` files hold, by `clip.projector_type`.
public enum MmprojKind {
    /// LLaVA.
    MLP("mlp", "llava", VisionTransformer.CLIP, List.of("<image>", "<unk>"), "", "mm.0", "", "mm.2"),
    /// Idefics3 and SmolVLM.
    IDEFICS3("idefics3", "smolvlm", VisionTransformer.SHUFFLED, List.of("<image>"), "", "", "mm.model.fc"),
    /// Gemma 3.
    GEMMA3("gemma3", "gemma3", VisionTransformer.SIGLIP, List.of("<image_soft_token>"), "", "",
            "mm.soft_emb_norm", "mm.input_projection"),
    /// Qwen2-VL.
    QWEN2("qwen2vl_merger", "qwen2_vl", QwenVision.QWEN2, List.of("<|image_pad|>")),
    /// Qwen2.5-VL.
    QWEN2_5("qwen2.5vl_merger", "qwen2_5_vl", QwenVision.QWEN2_5, List.of("<|image_pad|>")),
    /// Qwen3-VL.
    QWEN3("qwen3vl_merger", "qwen3_vl", QwenVision.QWEN3, List.of("<|image_pad|>")),
    /// Mistral Small 3.1.
    PIXTRAL("pixtral", "mistral3", new PixtralVision(), List.of("[IMG]"), "", "mm.input_norm", "",
            "mm.patch_merger", "mm.1", "", "mm.2"),
    /// InternVL.
    INTERNVL("internvl", "internvl", new InternVision(), List.of("<IMG_CONTEXT>"), "", "", "mm.model.mlp.0",
            "mm.model.mlp.1", "", "mm.model.mlp.3"),
    /// Llama 4.
    LLAMA4("llama4", "llama4", new Llama4Vision(), List.of("<|patch|>"), "", "", "mm.model.mlp.1", "",
            "mm.model.mlp.2", "", "mm.model.fc"),
    /// Gemma 4.
    GEMMA4("gemma4v", "gemma4", new Gemma4Vision(), List.of("<|image|>"), "", "", "", "", "",
            "mm.input_projection"),
    /// GLM-4.1V.
    GLM4V("glm4v", "glm4v", new Glm4vVision(), List.of("<|image|>"), "", "", "mm.patch_merger", "mm.model.fc",
            "mm.post_norm", "", ""),
    /// Kimi K2.5.
    KIMI("kimik25", "kimi_k25", new KimiVision(), List.of("<|media_pad|>"), "", "mm.input_norm", "", "mm.1", "",
            "mm.2");

    /// The width of the hidden states.
    public static final String WIDTH = "clip.vision.embedding_length";
    /// The token in whose places rows are, where the vocabulary does not say it.
    public static final String PLACEHOLDER = "glia.image_token_id";
    /// `preprocessor_config.json`.
    public static final String PREPROCESSOR = "glia.preprocessor_config";
    /// `processor_config.json`.
    public static final String PROCESSOR = "glia.processor_config";
    private static final String TYPE = "clip.projector_type";
    private static final String VISION_TYPE = "clip.vision.projector_type";
    private static final String VISION = "clip.vision.";
    private static final String TOKENS = "tokenizer.ggml.tokens";

    /// The value of `clip.projector_type`.
    public final String name;
    final String modelType;
    final TowerFamily tower;
    final List<String> placeholders;
    /// By the number of the step, from 1 on.
    private final List<String> steps;

    MmprojKind(String name, String modelType, TowerFamily tower, List<String> placeholders, String... steps) {
        this.name = name;
        this.modelType = modelType;
        this.tower = tower;
        this.placeholders = placeholders;
        this.steps = List.of(steps);
    }

    /// The kind of a file.
    ///
    /// @throws CheckpointException if it is none of these
    public static MmprojKind of(GgufCheckpoint.Projector file) throws CheckpointException {
        GgufMetadata metadata = file.metadata();
        if (!metadata.has(WIDTH)) {
            throw new CheckpointException(metadata.origin(), "metadata key " + WIDTH, "is missing; expected the encoder"
                    + " of pictures of a GGUF model, a mmproj file");
        }
        String type = metadata.has(TYPE) ? metadata.string(TYPE) : metadata.has(VISION_TYPE)
                ? metadata.string(VISION_TYPE) : "mlp";
        String known = type.equals("qwen2.5o") ? QWEN2_5.name : type;
        MmprojKind kind = Arrays.stream(values()).filter(k -> k.name.equals(known)).findFirst()
                .orElseThrow(() -> new CheckpointException(metadata.origin(), "metadata key " + TYPE, "found '" + type
                        + "', expected one of " + Arrays.stream(values()).map(k -> k.name).toList()));
        if (kind == PIXTRAL && !file.tensors().containsKey("mm.patch_merger.weight")) {
            throw new CheckpointException(metadata.origin(), "mm.patch_merger.weight", "is missing; of Pixtral's "
                    + "encoders only those that merge patches are supported, such as Mistral Small 3.1's");
        }
        return kind;
    }

    /// The kind of a tower.
    static Optional<MmprojKind> of(Tower tower) {
        boolean isFolded = tower.projector().stream().anyMatch(Tower.Step.Folded.class::isInstance);
        boolean isPooled = tower.projector().stream().anyMatch(Tower.Step.Pooled.class::isInstance);
        boolean isGated = tower.body().sublayers().stream().anyMatch(s -> s.mixer() instanceof Mixer.GatedMlp);
        return tower.compared().isPresent() || tower.chunks().isPresent() ? Optional.empty()
                : switch (tower.body().modelType()) {
                    case "vit" -> isPooled ? Optional.of(GEMMA3) : isFolded ? Optional.of(IDEFICS3)
                            : Optional.of(MLP);
                    case "qwen_vision" -> Optional.of(isGated ? QWEN2_5
                            : tower.body().embedding().positions() instanceof Positions.Grid ? QWEN3 : QWEN2);
                    case "pixtral" -> Optional.of(PIXTRAL);
                    case "internvl_vision" -> Optional.of(INTERNVL);
                    case "llama4_vision" -> Optional.of(LLAMA4);
                    case "gemma4_vision" -> Optional.of(GEMMA4);
                    case "glm4v_vision" -> Optional.of(GLM4V);
                    case "moonvit" -> Optional.of(KIMI);
                    default -> Optional.empty();
                };
    }

    Source projector(Tower tower, Parameter p) {
        String suffix = TowerFamily.suffix(p);
        if (steps.isEmpty()) {
            int tap = (p.place().branch() - 1) / 5 - 1;
            boolean isNorm = p.role() == Role.FINAL_WEIGHT || p.role() == Role.FINAL_BIAS;
            boolean isFirst = (p.place().branch() - 1) % 5 == 2;
            return Mmproj.stored((tap < 0 ? isNorm ? "v.post_ln" : isFirst ? "mm.0" : "mm.2" : "v.deepstack."
                    + tower.taps().get(tap).layer() + (isNorm ? ".norm" : isFirst ? ".fc1" : ".fc2")) + suffix);
        }
        if (p.role() == Role.NEWLINE) {
            long width = VisionTransformer.newlineSize(tower);
            return TowerFamily.shaped(new Source.Stored(List.of("v.image_newline", "model.image_newline")),
                    List.of(1L, width), width);
        }
        if (this == GEMMA4 && p.role() != Role.OUTPUT) {
            return Mmproj.stored(p.role() == Role.FINAL_WEIGHT ? "v.std_scale" : "v.std_bias");
        }
        if (this == GLM4V && p.place().branch() == 2 && p.role() == Role.OUTPUT) {
            return Glm4vVision.downsample(Mmproj.stored("mm.patch_merger.weight"), tower);
        }
        if (this == GLM4V && p.place().branch() == 6) {
            return Mmproj.stored("mm." + p.role().name().toLowerCase(Locale.ROOT) + suffix);
        }
        Source named = Mmproj.stored(steps.get(p.place().branch() - VisionTransformer.firstLinear(tower)) + suffix);
        return this == GEMMA3 && p.role() == Role.OUTPUT ? new Source.Transposed(named) : named;
    }

    /// The config of the whole model of a file with its encoder.
    Config config(GgufCheckpoint.Projector file, GgufMetadata model, Map<String, Object> text)
            throws CheckpointException {
        Clip clip = new Clip(file);
        Map<String, Object> vision = new LinkedHashMap<>();
        int hidden = clip.integer("embedding_length");
        int layers = clip.integer("block_count");
        vision.put("hidden_size", hidden);
        vision.put("num_hidden_layers", layers);
        vision.put("num_attention_heads", clip.integer("attention.head_count"));
        vision.put("intermediate_size", clip.rows("v.blk.0.ffn_up.weight", hidden));
        vision.put("image_size", clip.integer("image_size"));
        vision.put("patch_size", clip.integer("patch_size"));
        vision.put("layer_norm_eps", clip.real("attention.layer_norm_epsilon", 1e-6));
        Map<String, Object> whole = new LinkedHashMap<>(Map.of("text_config", text, "vision_config", vision,
                "image_token_id", placeholder(file.metadata(), model)));
        whole.put("model_type", modelType);
        whole.put("tie_word_embeddings", text.getOrDefault("tie_word_embeddings", false));
        int merge = clip.integer("spatial_merge_size", this == PIXTRAL ? 1 : 2);
        switch (this) {
            case MLP -> llava(clip, vision, whole, layers);
            case IDEFICS3 -> whole.put("scale_factor", clip.integer("projector.scale_factor", 2));
            case GEMMA3 -> whole.put("mm_tokens_per_image", clip.tokens(clip.integer("projector.scale_factor", 4)));
            case PIXTRAL -> {
                whole.put("spatial_merge_size", merge);
                whole.put("multimodal_projector_bias", file.tensors().containsKey("mm.1.bias"));
                vision.put("hidden_act", clip.flag("clip.use_silu") ? "silu" : "gelu");
            }
            case INTERNVL -> {
                whole.put("downsample_ratio", 1.0 / clip.integer("projector.scale_factor", 2));
                boolean isBiased = file.tensors().containsKey("v.blk.0.attn_q.bias");
                vision.put("attention_bias", isBiased || file.tensors().containsKey("v.blk.0.attn_qkv.bias"));
                vision.put("use_qk_norm", file.tensors().containsKey("v.blk.0.attn_q_norm.weight"));
                vision.put("norm_type", file.tensors().containsKey("v.blk.0.ln1.bias") ? "layer_norm" : "rms_norm");
                vision.put("use_mean_pooling", !file.tensors().containsKey("v.post_ln.weight"));
            }
            case LLAMA4 -> {
                vision.put("pixel_shuffle_ratio", 1.0 / clip.integer("projector.scale_factor", 2));
                vision.put("projector_input_dim", clip.rows("mm.model.mlp.1.weight", 0));
                vision.put("projector_output_dim", clip.rows("mm.model.mlp.2.weight", 0));
            }
            case QWEN2, QWEN2_5, QWEN3 -> qwen(clip, model, vision, whole, merge);
            case GEMMA4 -> gemma4(clip, vision, whole);
            case GLM4V -> {
                vision.putAll(Map.of("depth", layers, "num_heads", vision.get("num_attention_heads"),
                        "spatial_merge_size", merge, "hidden_act", clip.flag("clip.use_silu") ? "silu" : "gelu",
                        "out_hidden_size", clip.size("mm.model.fc.weight", 0), "intermediate_size",
                        clip.size("mm.up.weight", 0), "rms_norm_eps", vision.get("layer_norm_eps"), "attention_bias",
                        file.tensors().containsKey("v.blk.0.attn_qkv.bias")));
                axes(model, whole);
            }
            case KIMI -> {
                vision.putAll(Map.of("pos_emb_height", clip.size("v.position_embd.weight", 0), "pos_emb_width",
                        clip.size("v.position_embd.weight", 1), "merge_kernel_size",
                        clip.integer("projector.scale_factor", 2)));
                whole.put("projection_layer_norm_eps", vision.get("layer_norm_eps"));
            }
        }
        return Config.of(file.metadata().origin(), whole);
    }

    /// The states of the last layer but one, if the file does not say which. Without a class token it is SigLIP's.
    private void llava(Clip clip, Map<String, Object> vision, Map<String, Object> whole, int layers)
            throws CheckpointException {
        int[] listed = clip.integers("feature_layer");
        whole.put(VisionTransformer.LAYER, listed.length == 0 ? layers - 1 : Arrays.stream(listed).sorted()
                .boxed().toList());
        if (!clip.hasClassToken()) {
            vision.put("model_type", "siglip_vision_model");
            whole.put("vision_feature_select_strategy", "full");
        }
        vision.put("hidden_act", clip.flag("clip.use_gelu") ? "gelu_pytorch_tanh"
                : clip.flag("clip.use_silu") ? "silu" : "quick_gelu");
        clip.pinpoints().ifPresent(points -> whole.putAll(Map.of("model_type", "llava_next", Clip.PINPOINTS, points)));
    }

    /// A copy of the config of the language model.
    private static Map<String, Object> text(Map<String, Object> whole) {
        Map<String, Object> text = new LinkedHashMap<>();
        ((Map<?, ?>) whole.get("text_config")).forEach((key, value) -> text.put(key.toString(), value));
        return text;
    }

    /// Pictures of models without embeddings per layer see themselves in both directions.
    private void gemma4(Clip clip, Map<String, Object> vision, Map<String, Object> whole) throws CheckpointException {
        Map<String, Tensor> tensors = clip.file.tensors();
        int headSize = clip.size("v.blk.0.attn_q_norm.weight", 0);
        vision.putAll(Map.of("head_dim", headSize, "num_key_value_heads",
                clip.size("v.blk.0.attn_k.weight", 0) / headSize,
                "rms_norm_eps", vision.get("layer_norm_eps"), "hidden_activation", "gelu_pytorch_tanh",
                "pooling_kernel_size", clip.integer("projector.scale_factor", 3),
                "position_embedding_size", clip.size("v.position_embd.weight", 1),
                "use_clipped_linears", tensors.containsKey("v.blk.0.attn_q.input_min"),
                "standardize", tensors.containsKey("v.std_scale.weight") || tensors.containsKey("v.std_scale")));
        Map<String, Object> text = text(whole);
        if (text.getOrDefault("hidden_size_per_layer_input", 0) instanceof Number n && n.intValue() == 0) {
            text.put("use_bidirectional_attention", "vision");
        }
        whole.put("text_config", text);
    }

    private void qwen(Clip clip, GgufMetadata model, Map<String, Object> vision, Map<String, Object> whole,
            int merge) throws CheckpointException {
        int hidden = (int) vision.get("hidden_size");
        int layers = (int) vision.get("num_hidden_layers");
        vision.putAll(Map.of("embed_dim", hidden, "depth", layers, "num_heads", vision.get("num_attention_heads"),
                "spatial_merge_size", merge, "temporal_patch_size", 2,
                "mlp_ratio", Math.nextUp((double) (int) vision.get("intermediate_size") / hidden)));
        if (this == QWEN2_5) {
            int every = clip.integer("n_wa_pattern", 8);
            vision.put("fullatt_block_indexes", IntStream.range(0, layers).filter(i -> (i + 1) % every == 0).boxed()
                    .toList());
            vision.put("window_size", clip.integer("window_size", 112));
        }
        if (this == QWEN3) {
            vision.put("num_position_embeddings", clip.rows("v.position_embd.weight", 0));
            List<Integer> taps = IntStream.range(0, layers).filter(i -> clip.file.tensors()
                    .containsKey("v.deepstack." + i + ".fc1.weight")).boxed().toList();
            vision.put("deepstack_visual_indexes", taps);
            if (taps.isEmpty()) {
                whole.put("model_type", "qwen3_5");
            }
        }
        axes(model, whole);
    }

    /// The pairs that the language model rotates by time, row and column.
    private static void axes(GgufMetadata model, Map<String, Object> whole) throws CheckpointException {
        String sections = model.has("general.architecture") ? model.string("general.architecture")
                + ".rope.dimension_sections" : "";
        if (model.has(sections)) {
            Map<String, Object> text = text(whole);
            Map<String, Object> rope = new LinkedHashMap<>(Map.of("rope_type", "default"));
            if (text.get("rope_scaling") instanceof Map<?, ?> scaling) {
                scaling.forEach((key, value) -> rope.put(key.toString(), value));
            }
            rope.put("mrope_section", Arrays.stream(model.integers(sections)).limit(3).boxed().toList());
            text.put("rope_scaling", rope);
            whole.put("text_config", text);
        }
    }

    /// The token in whose places rows are.
    private int placeholder(GgufMetadata own, GgufMetadata model) throws CheckpointException {
        if (own.has(PLACEHOLDER)) {
            return Math.toIntExact(own.integer(PLACEHOLDER));
        }
        List<String> tokens = model.has(TOKENS) ? Arrays.asList(model.strings(TOKENS)) : List.of();
        return placeholders.stream().mapToInt(tokens::indexOf).filter(id -> id >= 0).findFirst().orElseThrow(() ->
                new CheckpointException(model.origin(), "metadata key " + TOKENS, "has no token "
                        + placeholders.getFirst() + ", in whose places the rows of pictures are; does "
                        + own.origin().getFileName() + " belong to this model?"));
    }

    /// The metadata `clip.vision.*`.
    public record Clip(GgufCheckpoint.Projector file) {
        /// The key of the sizes of tiled pictures, in files and configs.
        public static final String PINPOINTS = "image_grid_pinpoints";

        public int integer(String key) throws CheckpointException {
            return Math.toIntExact(file.metadata().integer(VISION + key));
        }

        public int integer(String key, int otherwise) throws CheckpointException {
            return file.metadata().has(VISION + key) ? integer(key) : otherwise;
        }

        int[] integers(String key) throws CheckpointException {
            return file.metadata().has(VISION + key) ? file.metadata().integers(VISION + key) : new int[0];
        }

        /// The sizes of tiled pictures, each height and width as configs have them; files store widths first.
        public Optional<List<List<Integer>>> pinpoints() throws CheckpointException {
            int[] points = integers(PINPOINTS);
            return points.length == 0 ? Optional.empty() : Optional.of(IntStream.range(0, points.length / 2)
                    .mapToObj(i -> List.of(points[2 * i + 1], points[2 * i])).toList());
        }

        double real(String key, double otherwise) throws CheckpointException {
            return file.metadata().has(VISION + key)
                    ? Numbers.decimal((float) file.metadata().real(VISION + key)) : otherwise;
        }

        boolean flag(String key) throws CheckpointException {
            return file.metadata().has(key) && file.metadata().flag(key);
        }

        /// Whether a token stands before the patches, as in CLIP.
        public boolean hasClassToken() {
            return file.tensors().containsKey("v.class_embd");
        }

        /// The number of rows of a matrix, or of its columns if the rows are `hidden`.
        int rows(String weight, int hidden) throws CheckpointException {
            Tensor found = file.tensors().get(weight);
            if (found == null || found.rank() != 2) {
                throw new CheckpointException(file.metadata().origin(), weight, found == null ? "is missing"
                        : "found " + found + ", expected a matrix");
            }
            return found.rows() == hidden ? found.cols() : found.rows();
        }

        /// A dimension of a tensor.
        int size(String weight, int dimension) throws CheckpointException {
            Tensor found = file.tensors().get(weight);
            if (found == null || found.rank() <= dimension) {
                throw new CheckpointException(file.metadata().origin(), weight, found == null ? "is missing"
                        : "found " + found + ", expected " + (dimension + 1) + " dimensions");
            }
            return Math.toIntExact(found.shape()[dimension]);
        }

        /// The number of rows of a picture.
        public int tokens(int merge) throws CheckpointException {
            int across = integer("image_size") / integer("patch_size") / merge;
            return across * across;
        }
    }
}

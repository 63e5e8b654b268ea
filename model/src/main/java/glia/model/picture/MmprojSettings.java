package glia.model.picture;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.family.MmprojKind;
import glia.model.family.config.Numbers;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// The settings of the processor of pictures of a GGUF model: those that its `mmproj` file has from
/// `preprocessor_config.json`, or else what `clip.vision.*` says and the defaults of the kind of encoder.
public final class MmprojSettings {
    private MmprojSettings() { }

    /// The processor of a model; empty if nothing says how it reads pictures.
    ///
    /// @param folder of the model's files
    public static Optional<PictureProcessor> find(Checkpoint checkpoint, Path folder) throws CheckpointException {
        return checkpoint instanceof GgufCheckpoint gguf && gguf.projector().isPresent() ? Optional.of(of(gguf))
                : PictureProcessor.find(folder);
    }

    /// The processor of a model with an encoder of pictures.
    private static PictureProcessor of(GgufCheckpoint model) throws CheckpointException {
        GgufCheckpoint.Projector file = model.projector().orElseThrow();
        GgufMetadata metadata = file.metadata();
        if (metadata.has(MmprojKind.PREPROCESSOR)) {
            return PictureProcessor.of(Config.parse(metadata.origin(), metadata.string(MmprojKind.PREPROCESSOR)),
                    Config.parse(metadata.origin(), metadata.string(MmprojKind.PROCESSOR)));
        }
        Map<String, Object> config = new LinkedHashMap<>();
        Map<String, Object> processor = new LinkedHashMap<>();
        config.put("image_mean", reals(metadata.floats("clip.vision.image_mean")));
        config.put("image_std", reals(metadata.floats("clip.vision.image_std")));
        fill(MmprojKind.of(file), new MmprojKind.Clip(file), config, processor);
        return PictureProcessor.of(Config.of(metadata.origin(), config), Config.of(metadata.origin(), processor));
    }

    private static List<Double> reals(float[] values) {
        return IntStream.range(0, values.length).mapToObj(i -> Numbers.decimal(values[i])).toList();
    }

    private static void fill(MmprojKind kind, MmprojKind.Clip clip, Map<String, Object> config,
            Map<String, Object> processor) throws CheckpointException {
        int side = clip.integer("image_size");
        int patch = clip.integer("patch_size");
        Map<String, Object> square = Map.of("height", side, "width", side);
        int scale = clip.integer("projector.scale_factor", kind == MmprojKind.GEMMA3 ? 4 : 2);
        switch (kind) {
            case MLP -> llava(clip, config, processor, side, patch);
            case IDEFICS3 -> {
                config.putAll(Map.of("image_processor_type", "SmolVLMImageProcessor", "resample", 1,
                        "size", Map.of("longest_edge", clip.integer("preproc_image_size", 4 * side)),
                        "max_image_size", Map.of("longest_edge", side)));
                processor.put("image_seq_len", clip.tokens(scale));
            }
            case GEMMA3 -> {
                config.putAll(Map.of("image_processor_type", "Gemma3ImageProcessor", "resample", 2, "size", square));
                processor.put("image_seq_length", clip.tokens(scale));
            }
            case INTERNVL -> {
                config.putAll(Map.of("image_processor_type", "GotOcr2ImageProcessor", "size", square,
                        "min_patches", clip.integer("preproc_min_tiles", 1),
                        "max_patches", clip.integer("preproc_max_tiles", 12)));
                processor.put("image_seq_length", clip.tokens(scale));
            }
            case GEMMA4 -> {
                config.putAll(Map.of("image_processor_type", "Gemma4ImageProcessor", "do_normalize", false,
                        "patch_size", patch, "pooling_kernel_size", clip.integer("projector.scale_factor", 3),
                        "max_soft_tokens", 280));
                processor.putAll(Map.of("image_token", "<|image|>", "boi_token", "<|image>", "eoi_token",
                        "<image|>"));
            }
            case LLAMA4 -> {
                config.putAll(Map.of("image_processor_type", "Llama4ImageProcessor", "resample", 2, "size", square));
                processor.putAll(Map.of("patch_size", patch, "downsample_ratio", scale * scale));
            }
            case PIXTRAL -> {
                config.putAll(Map.of("image_processor_type", "PixtralImageProcessor", "size",
                        Map.of("longest_edge", side), "patch_size", Map.of("height", patch, "width", patch)));
                processor.putAll(Map.of("patch_size", patch, "spatial_merge_size",
                        clip.integer("spatial_merge_size", 1)));
            }
            case KIMI -> config.putAll(Map.of("image_processor_type", "Kimi_K25ImageProcessor", "resample", 3,
                    "size", Map.of("max_height", 512, "max_width", 512), "max_patches", 16_384, "patch_size", patch,
                    "merge_size", scale));
            case GLM4V -> config.putAll(Map.of("image_processor_type", "Glm4vImageProcessor", "patch_size", patch,
                    "temporal_patch_size", 2, "merge_size", clip.integer("spatial_merge_size", 2), "size",
                    Map.of("shortest_edge", 12_544, "longest_edge", 9_633_792)));
            case QWEN2, QWEN2_5, QWEN3 -> {
                boolean isNew = kind == MmprojKind.QWEN3;
                config.putAll(Map.of("image_processor_type", isNew ? "Qwen3VLImageProcessor" : "Qwen2VLImageProcessor",
                        "patch_size", patch, "temporal_patch_size", 2, "merge_size",
                        clip.integer("spatial_merge_size", 2), "size", Map.of("shortest_edge", isNew ? 65_536 : 3136,
                                "longest_edge", isNew ? 16_777_216 : 12_845_056)));
            }
        }
    }

    private static void llava(MmprojKind.Clip clip, Map<String, Object> config, Map<String, Object> processor,
            int side, int patch) throws CheckpointException {
        Optional<List<List<Integer>>> points = clip.pinpoints();
        config.putAll(Map.of("image_processor_type", points.isPresent() ? "LlavaNextImageProcessor"
                : "CLIPImageProcessor", "size", Map.of("shortest_edge", side), "crop_size",
                Map.of("height", side, "width", side), "do_center_crop", true));
        points.ifPresent(sizes -> config.put(MmprojKind.Clip.PINPOINTS, sizes));
        processor.putAll(Map.of("patch_size", patch, "num_additional_image_tokens", clip.hasClassToken() ? 1 : 0,
                "vision_feature_select_strategy", clip.hasClassToken() ? "default" : "full"));
    }
}

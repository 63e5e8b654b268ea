package glia.model.fresh;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.Suggestions;
import glia.io.yaml.YamlDocument;
import glia.model.family.Families;
import glia.model.family.HandWritten;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The configs of models to be made: of a family with sizes, of a config.json, or of a spec written as YAML. Give the
/// config to [glia.model.FreshModel#create(Config, long)].
public final class NewModels {
    private NewModels() { }

    /// The families with their sizes, sorted by name.
    public static List<FamilySizes> families() {
        return FamilyList.ALL;
    }

    /// The config of a new model.
    ///
    /// @param source a family such as `llama`, a config.json or the folder that holds one, or a YAML file ([YamlSpec])
    /// @param values sizes and other values by name, for a family; for a config.json values by key that replace its own
    /// @throws CheckpointException if a file is invalid, or does not describe a model
    /// @throws IllegalArgumentException if there is no such family or file, or a name or value is wrong
    public static Config config(String source, Map<String, Object> values) throws CheckpointException {
        String lower = source.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".yaml") || lower.endsWith(".yml")) {
            if (!values.isEmpty()) {
                throw new IllegalArgumentException(values.keySet().iterator().next()
                        + ": sizes are given for families; change " + source + " instead");
            }
            return HandWritten.config(YamlSpec.read(YamlDocument.read(Path.of(source))));
        }
        boolean isFile = lower.endsWith(".json")
                || FamilyList.ALL.stream().noneMatch(f -> f.modelType().equals(source))
                && Files.isDirectory(Path.of(source));
        Config config = isFile ? file(Path.of(source), values)
                : Config.of(Path.of("config.json"), family(source).config(values));
        Families.spec(config);
        return config;
    }

    /// The values of words such as `hidden=256`.
    ///
    /// @throws IllegalArgumentException if a word has no `=`, a name is there twice, or a value is invalid
    public static Map<String, Object> values(List<String> words) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("'" + word + "': expected NAME=VALUE, as in hidden=256");
            }
            String name = word.substring(0, equals);
            try {
                Object value = YamlDocument.value(Path.of(name), word.substring(equals + 1));
                if (values.containsKey(name)) {
                    throw new IllegalArgumentException(name + " is given twice");
                }
                values.put(name, value);
            } catch (CheckpointException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }
        return values;
    }

    /// Writes the settings by which a new model reads pictures: those of CLIP at the size of its tower. Models of other
    /// families get none.
    ///
    /// @param folder of the model
    public static void writeProcessor(Config config, Path folder) throws IOException {
        if (!config.text("model_type", "").equals("llava") || !config.isObject("vision_config")) {
            return;
        }
        Config vision = config.child("vision_config");
        writeProcessor("CLIPImageProcessor", vision.positive("image_size"), Map.of("processor_class", "LlavaProcessor",
                "patch_size", vision.positive("patch_size"), "vision_feature_select_strategy",
                config.text("vision_feature_select_strategy", "default"), "num_additional_image_tokens", 1,
                "image_token", "<image>"), folder);
    }

    /// Writes the settings of a processor that makes squares of values from -1 to 1 of pictures.
    ///
    /// @param type of `preprocessor_config.json`
    /// @param side of the squares in pixels
    /// @param prompt those of `processor_config.json`
    public static void writeProcessor(String type, int side, Map<String, Object> prompt, Path folder)
            throws IOException {
        List<Double> half = List.of(0.5, 0.5, 0.5);
        Map<String, Object> settings = Map.of("image_processor_type", type, "size", Map.of("shortest_edge", side),
                "crop_size", Map.of("height", side, "width", side), "do_center_crop", true, "resample", 3,
                "image_mean", half, "image_std", half);
        Files.writeString(folder.resolve("preprocessor_config.json"), Config.of(folder, settings).json());
        Files.writeString(folder.resolve("processor_config.json"), Config.of(folder, prompt).json());
    }

    private static FamilySizes family(String name) {
        return FamilyList.ALL.stream().filter(f -> f.modelType().equals(name)).findFirst().orElseThrow(() -> {
            List<String> known = FamilyList.ALL.stream().map(FamilySizes::modelType).toList();
            return new IllegalArgumentException("'" + name + "' is no family, no .json and no .yaml file. Families: "
                    + String.join(", ", known) + "." + Suggestions.sentence(name, known));
        });
    }

    private static Config file(Path path, Map<String, Object> values) throws CheckpointException {
        Config config = Config.read(Files.isDirectory(path) ? path.resolve("config.json") : path);
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            if (!config.mentions(entry.getKey())) {
                throw new IllegalArgumentException(entry.getKey() + ": " + path + " has no such key."
                        + Suggestions.sentence(entry.getKey(), config.keys()));
            }
            config = config.with(entry.getKey(), entry.getValue());
        }
        // Weights are new, so they are not quantized.
        return config.without("quantization_config");
    }
}

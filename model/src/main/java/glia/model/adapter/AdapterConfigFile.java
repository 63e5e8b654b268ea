package glia.model.adapter;

import glia.io.CheckpointException;
import glia.io.Config;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads and writes `adapter_config.json` with the keys of PEFT (https://github.com/huggingface/peft, 0.21). What would
/// change the results and is not supported is refused.
final class AdapterConfigFile {
    /// The file's name.
    static final String NAME = "adapter_config.json";

    /// Initial values that leave the base as it is.
    private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "eva", "orthogonal", "true", "false");
    /// Keys of kinds of adapters that are not supported, with what they mean.
    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("alora_invocation_tokens", "activated LoRA"), Map.entry("arrow_config", "Arrow routing"),
            Map.entry("layer_replication", "replicated layers"), Map.entry("use_bdlora", "block-diagonal LoRA"),
            Map.entry("trainable_token_indices", "trained tokens of an embedding"),
            Map.entry("use_qalora", "QALoRA"), Map.entry("kasa_config", "KaSA"),
            Map.entry("monteclora_config", "MonteCLoRA"), Map.entry("velora_config", "VeLoRA"));

    private AdapterConfigFile() { }

    /// @throws CheckpointException if the file cannot be read, a value is invalid, or the adapter is of a kind that is
    ///     not supported
    static AdapterConfig read(Path file) throws CheckpointException {
        return read(Config.read(file));
    }

    static AdapterConfig read(Config config) throws CheckpointException {
        requireSupported(config);
        AdapterConfig.Variant variant;
        try {
            variant = new AdapterConfig.Variant(config.flag("use_rslora", false), config.flag("use_dora", false),
                    config.flag("lora_bias", false));
        } catch (IllegalArgumentException e) {
            throw config.error("lora_bias", e.getMessage());
        }
        List<String> parameters = words(config, "target_parameters");
        if (!config.has("target_modules") && parameters.isEmpty()) {
            throw config.error("target_modules", "is missing, expected a list of module names, a regular expression"
                    + " or '" + ModuleNames.AllLinear.NAME + "'");
        }
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Config rankPattern = config.child("rank_pattern", Map.of());
        for (String key : rankPattern.keys()) {
            ranks.put(key, rankPattern.positive(key));
        }
        Map<String, Double> alphas = new LinkedHashMap<>();
        Config alphaPattern = config.child("alpha_pattern", Map.of());
        for (String key : alphaPattern.keys()) {
            alphas.put(key, alphaPattern.real(key));
        }
        try {
            return new AdapterConfig(config.positive("r", 8), config.real("lora_alpha", 8),
                    config.real("lora_dropout", 0), variant,
                    config.has("target_modules") ? names(config, "target_modules") : ModuleNames.NONE,
                    config.has("exclude_modules") ? names(config, "exclude_modules") : ModuleNames.NONE,
                    layers(config), words(config, "layers_pattern"), ranks, alphas,
                    words(config, "modules_to_save"), biases(config), config.flag("ensure_weight_tying", false),
                    text(config, "base_model_name_or_path"), text(config, "task_type"), parameters);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(config.origin(), "", e.getMessage(), e);
        }
    }

    private static void requireSupported(Config config) throws CheckpointException {
        String type = config.text("peft_type");
        if (!type.equals("LORA")) {
            throw config.error("peft_type", "found " + type + ", expected LORA: other kinds of adapters are not"
                    + " supported");
        }
        for (Map.Entry<String, String> refused : REFUSED.entrySet()) {
            String key = refused.getKey();
            boolean isOff = !config.has(key) || config.isFlag(key) && !config.flag(key)
                    || config.isList(key) && config.found(key).equals("a list of 0")
                    || config.isObject(key) && config.child(key).keys().isEmpty();
            if (!isOff) {
                throw config.error(key, "found " + config.found(key) + ", which requires " + refused.getValue()
                        + " and is not supported. Merge the adapter into its base with PEFT (merge_and_unload) and use"
                        + " the merged model");
            }
        }
        for (String key : config.keys()) {
            if (key.startsWith("use_") && !Set.of("use_rslora", "use_dora").contains(key) && config.isFlag(key)
                    && config.flag(key)) {
                throw config.error(key, "requires a kind of adapter that is not supported");
            }
        }
        if (config.isText("init_lora_weights")) {
            String start = config.text("init_lora_weights").toLowerCase(Locale.ROOT);
            if (!PLAIN_STARTS.contains(start)) {
                throw config.error("init_lora_weights", "'" + start + "' changes the base model when the adapter is"
                        + " made; convert the adapter with PEFT: save_pretrained(…,"
                        + " path_initial_model_for_weight_conversion=…)");
            }
        }
    }

    private static ModuleNames names(Config config, String key) throws CheckpointException {
        if (config.isText(key)) {
            String text = config.text(key);
            return text.equals(ModuleNames.AllLinear.NAME) ? new ModuleNames.AllLinear()
                    : new ModuleNames.Matching(text);
        }
        return new ModuleNames.Suffixes(List.of(config.strings(key)));
    }

    private static List<Integer> layers(Config config) throws CheckpointException {
        if (!config.has("layers_to_transform")) {
            return List.of();
        }
        List<Integer> layers = new ArrayList<>();
        if (config.isList("layers_to_transform")) {
            for (int layer : config.integers("layers_to_transform")) {
                layers.add(layer);
            }
        } else {
            layers.add(config.integer("layers_to_transform"));
        }
        return layers;
    }

    private static Optional<String> text(Config config, String key) throws CheckpointException {
        return config.has(key) ? Optional.of(config.text(key)) : Optional.empty();
    }

    private static List<String> words(Config config, String key) throws CheckpointException {
        return !config.has(key) ? List.of() : config.isText(key) ? List.of(config.text(key))
                : List.of(config.strings(key));
    }

    private static AdapterConfig.Biases biases(Config config) throws CheckpointException {
        String word = config.text("bias", AdapterConfig.Biases.NONE.label());
        for (AdapterConfig.Biases each : AdapterConfig.Biases.values()) {
            if (each.label().equals(word)) {
                return each;
            }
        }
        throw config.error("bias", "found " + config.found("bias") + ", expected none, all or lora_only");
    }

    /// The file's text.
    ///
    /// @param targets the modules with an adapter, as a list of names, or an expression
    /// @param task PEFT's name of the kind of model if the config has none, empty for models without one
    static String json(AdapterConfig config, ModuleNames targets, Optional<String> task) {
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("peft_type", "LORA");
        config.task().or(() -> task).ifPresent(type -> keys.put("task_type", type));
        keys.put("base_model_name_or_path", config.base().orElse(""));
        keys.put("r", config.rank());
        keys.put("lora_alpha", number(config.alpha()));
        keys.put("lora_dropout", config.dropout());
        keys.put("use_rslora", config.variant().rankStabilized());
        keys.put("use_dora", config.variant().decomposed());
        keys.put("lora_bias", config.variant().bias());
        keys.put("bias", config.biases().label());
        keys.put("target_modules", value(targets));
        if (!config.parameters().isEmpty()) {
            keys.put("target_parameters", config.parameters());
        }
        if (!config.excluded().equals(ModuleNames.NONE)) {
            keys.put("exclude_modules", value(config.excluded()));
        }
        if (!config.layers().isEmpty()) {
            keys.put("layers_to_transform", config.layers());
        }
        if (!config.layersPatterns().isEmpty()) {
            keys.put("layers_pattern", config.layersPatterns());
        }
        keys.put("rank_pattern", config.ranks());
        Map<String, Object> alphas = new LinkedHashMap<>();
        config.alphas().forEach((key, alpha) -> alphas.put(key, number(alpha)));
        keys.put("alpha_pattern", alphas);
        if (!config.modulesToSave().isEmpty()) {
            keys.put("modules_to_save", config.modulesToSave());
        }
        keys.put("ensure_weight_tying", config.tied());
        keys.put("fan_in_fan_out", false);
        keys.put("inference_mode", true);
        keys.put("init_lora_weights", true);
        return Config.of(Path.of(NAME), keys).json() + "\n";
    }

    private static Object value(ModuleNames names) {
        return switch (names) {
            case ModuleNames.Suffixes some -> some.suffixes();
            case ModuleNames.Matching some -> some.expression();
            case ModuleNames.AllLinear all -> ModuleNames.AllLinear.NAME;
        };
    }

    /// A whole number without a point.
    private static Object number(double x) {
        return x == Math.rint(x) && Math.abs(x) < 1e9 ? (Object) (long) x : (Object) x;
    }

    /// The file with the tensors: PEFT's safetensors, or what older versions of it save with PyTorch.
    static Path tensors(Path folder) {
        Path pickle = folder.resolve("adapter_model.bin");
        Path tensors = folder.resolve(AdapterFolder.TENSORS);
        return Files.exists(pickle) && !Files.exists(tensors) ? pickle : tensors;
    }
}

package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufMetadata;
import glia.model.family.config.Numbers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The sampling settings of `generation_config.json` as the keys `general.sampling.*` of GGUF metadata, and back
/// (https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py). Settings that the file leaves open
/// are written with the defaults of Hugging Face Transformers, since other readers have other defaults.
public final class SamplingKeys {
    private static final String PREFIX = "general.sampling.";
    private static final String FILE = "generation_config.json";
    private static final int USUAL_TOP_K = 50;
    /// The keys that show that a file decides how to sample.
    private static final List<String> DECIDING = List.of("do_sample", "temperature", "top_k", "top_p", "min_p");
    /// The other name of each key.
    private static final Map<String, String> NAMES = Map.of("temp", "temperature", "top_p", "top_p", "min_p", "min_p",
            "penalty_repeat", "repetition_penalty");

    private SamplingKeys() { }

    /// The keys of a folder; none where its file does not say how to sample.
    static Map<String, Object> metadata(Path folder) throws CheckpointException {
        Map<String, Object> metadata = new LinkedHashMap<>();
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return metadata;
        }
        Config config = Config.read(file);
        if (config.has("repetition_penalty")) {
            metadata.put(PREFIX + "penalty_repeat", (float) config.real("repetition_penalty"));
        }
        if (DECIDING.stream().anyMatch(config::has)) {
            int topK = config.integer("top_k", USUAL_TOP_K);
            metadata.put(PREFIX + "temp", config.flag("do_sample", true) ? (float) config.real("temperature", 1) : 0f);
            metadata.put(PREFIX + "top_k", Math.max(0, topK));
            metadata.put(PREFIX + "top_p", (float) config.real("top_p", 1));
            metadata.put(PREFIX + "min_p", (float) config.real("min_p", 0));
        }
        return metadata;
    }

    /// The same settings as keys of `generation_config.json`.
    public static Map<String, Object> config(GgufMetadata metadata) throws CheckpointException {
        Map<String, Object> config = new LinkedHashMap<>();
        for (Map.Entry<String, String> name : NAMES.entrySet()) {
            if (metadata.has(PREFIX + name.getKey())) {
                config.put(name.getValue(), Numbers.decimal((float) metadata.real(PREFIX + name.getKey())));
            }
        }
        if (metadata.has(PREFIX + "top_k")) {
            config.put("top_k", metadata.integer(PREFIX + "top_k"));
        }
        if (config.get("temperature") instanceof Double temperature) {
            config.put("do_sample", temperature > 0);
        }
        return config;
    }

    /// Adds the settings to the file of a folder.
    static void write(GgufMetadata metadata, Path folder) throws java.io.IOException {
        Map<String, Object> settings = config(metadata);
        if (settings.isEmpty()) {
            return;
        }
        Path file = folder.resolve(FILE);
        Config config = Config.readIfPresent(file);
        for (Map.Entry<String, Object> setting : settings.entrySet()) {
            config = config.with(setting.getKey(), setting.getValue());
        }
        Files.writeString(file, config.json() + "\n");
    }
}

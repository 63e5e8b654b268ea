package glia.model.fresh;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.voice.Vits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// New models that speak, with random weights: what they say is noise.
public final class NewVoices {
    private static final String CHARACTERS = "_ 'abcdefghijklmnopqrstuvwxyz-.,!?0123456789";

    private static final List<FamilySizes> ALL = List.of(FamilySizes.of(Vits.TYPE, "VitsModel")
            .size("hidden", "hidden_size", 64).size("layers", "num_hidden_layers", 2)
            .size("heads", "num_attention_heads", 2).size("ffn", "ffn_dim", v -> 4 * v.get("hidden"))
            .size("flow", "flow_size", v -> v.get("hidden")).size("channels", "upsample_initial_channel", 128)
            .size("speakers", "num_speakers", 1).size("rate", "sampling_rate", 16000)
            .with("vocab_size", CHARACTERS.length()).with("speaker_embedding_size", v -> v.get("speakers") == 1 ? 0
                    : v.get("hidden"))
            .with("upsample_rates", List.of(8, 8, 2, 2)).with("upsample_kernel_sizes", List.of(16, 16, 4, 4))
            .with("resblock_kernel_sizes", List.of(3, 7, 11))
            .with("resblock_dilation_sizes", List.of(List.of(1, 3, 5), List.of(1, 3, 5), List.of(1, 3, 5))));

    private NewVoices() { }

    /// The families with their sizes.
    public static List<FamilySizes> families() {
        return ALL;
    }

    /// The config of a new model.
    ///
    /// @throws IllegalArgumentException if there is no such family, or a name or value is wrong
    public static Config config(String family, Map<String, Object> values) {
        FamilySizes sizes = ALL.stream().filter(f -> f.modelType().equals(family)).findFirst().orElseThrow(() ->
                new IllegalArgumentException("'" + family + "' is no family of models that speak"));
        return Config.of(Path.of("config.json"), sizes.config(values));
    }

    /// Writes a model that reads letters and digits.
    ///
    /// @param folder new or empty
    /// @return the number of its parameters
    public static long write(Config config, long seed, Path folder, IfExists ifExists) throws IOException {
        Path weights = folder.resolve("model.safetensors");
        if (ifExists == IfExists.FAIL && Files.exists(weights)) {
            throw new FileAlreadyExistsException(weights.toString());
        }
        try (Vits vits = Vits.fresh(config, seed)) {
            Files.createDirectories(folder);
            SafetensorsWriter.write(weights, vits.tensors(), Map.of("format", "pt"));
            write(folder, "config.json", config.json());
            StringBuilder vocabulary = new StringBuilder();
            for (int i = 0; i < CHARACTERS.length(); i++) {
                vocabulary.append(i == 0 ? "{" : ", ").append('"').append(CHARACTERS.charAt(i)).append("\": ")
                        .append(i);
            }
            write(folder, "vocab.json", vocabulary + "}\n");
            write(folder, "tokenizer_config.json", """
                    {"tokenizer_class": "VitsTokenizer", "add_blank": true, "normalize": true, "phonemize": false,
                     "is_uroman": false, "pad_token": "_", "unk_token": "_"}
                    """);
            return vits.tensors().values().stream().mapToLong(tensor -> tensor.size()).sum();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(config.origin(), "", "does not describe a model: " + e.getMessage(), e);
        }
    }

    private static void write(Path folder, String name, String text) throws IOException {
        Files.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }
}

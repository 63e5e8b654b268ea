package glia.model.fresh;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.voice.Csm;
import glia.model.voice.Vits;
import glia.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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
            .with("resblock_dilation_sizes", List.of(List.of(1, 3, 5), List.of(1, 3, 5), List.of(1, 3, 5))),
            FamilySizes.of(Csm.TYPE, "CsmForConditionalGeneration")
                    .size("hidden", "hidden_size", 64).size("layers", "num_hidden_layers", 2)
                    .size("heads", "num_attention_heads", 2)
                    .size("kv-heads", "num_key_value_heads", v -> v.get("heads"))
                    .size("mlp", "intermediate_size", v -> 4 * v.get("hidden"))
                    .size("vocab", "text_vocab_size", 256).size("context", "max_position_embeddings", 1024)
                    .size("books", "num_codebooks", 4).size("codes", "vocab_size", 67)
                    .with("audio_token_id", v -> v.get("vocab") - 2).with("audio_eos_token_id", v -> v.get("vocab") - 1)
                    .with("codebook_eos_token_id", 0).with("codebook_pad_token_id", v -> v.get("codes") - 1)
                    .with("depth_decoder_config", v -> Map.of("model_type", "csm_depth_decoder_model", "hidden_size",
                            v.get("hidden"), "num_hidden_layers", 2, "num_attention_heads", 2, "num_key_value_heads", 2,
                            "intermediate_size", v.get("mlp"), "backbone_hidden_size", v.get("hidden"), "vocab_size",
                            v.get("codes"), "num_codebooks", v.get("books"), "max_position_embeddings",
                            v.get("books") + 1))
                    .with("codec_config", v -> codec(v.get("books"))));

    /// A small Mimi at 16 kHz.
    private static Map<String, Object> codec(int books) {
        Map<String, Object> config = new LinkedHashMap<>(Map.of("model_type", "mimi", "hidden_size", 32,
                "num_filters", 8, "num_hidden_layers", 1, "num_attention_heads", 2, "num_key_value_heads", 2,
                "intermediate_size", 64, "codebook_dim", 32));
        config.putAll(Map.of("vector_quantization_hidden_dimension", 32, "codebook_size", 64, "num_quantizers", books,
                "upsampling_ratios", List.of(8, 8, 5, 2), "sampling_rate", 16000, "upsample_groups", 32));
        return config;
    }

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

    /// Writes a model. VITS reads letters and digits; CSM needs a tokenizer beside it.
    ///
    /// @param folder new or empty
    /// @return the number of its parameters
    public static long write(Config config, long seed, Path folder, IfExists ifExists) throws IOException {
        Path weights = folder.resolve("model.safetensors");
        if (ifExists == IfExists.FAIL && Files.exists(weights)) {
            throw new FileAlreadyExistsException(weights.toString());
        }
        boolean isVits = config.text("model_type").equals(Vits.TYPE);
        try (Vits vits = isVits ? Vits.fresh(config, seed) : null; Csm csm = isVits ? null : Csm.fresh(config, seed)) {
            Map<String, Tensor> tensors = isVits ? vits.tensors() : csm.tensors();
            Files.createDirectories(folder);
            SafetensorsWriter.write(weights, tensors, Map.of("format", "pt"));
            write(folder, "config.json", config.json());
            long count = tensors.values().stream().mapToLong(Tensor::size).sum();
            if (!isVits) {
                return count;
            }
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
            return count;
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(config.origin(), "", "does not describe a model: " + e.getMessage(), e);
        }
    }

    private static void write(Path folder, String name, String text) throws IOException {
        Files.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }
}

package glia.engine.embedding;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Pooling;
import glia.model.layout.SparsePooling;
import glia.model.write.SentenceTransformerKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Reads the files that [sentence-transformers](https://github.com/huggingface/sentence-transformers) writes beside a
/// model.
final class SentenceTransformerFiles {
    private static final String MODULES = "modules.json";
    private static final String PROMPTS = "config_sentence_transformers.json";
    private static final String DEFAULT_POOLING = "1_Pooling";
    private static final String SPLADE_POOLING = "1_SpladePooling";
    /// Some versions name this file after the model's family.
    private static final String TRANSFORMER = "sentence_[\\w-]+_config\\.json";

    /// Reads the text of a file by its name.
    @FunctionalInterface
    private interface Texts {
        Optional<String> read(String name) throws CheckpointException;
    }

    private final Path folder;
    private final List<String> names;
    private final Texts texts;

    private SentenceTransformerFiles(Path folder, List<String> names, Texts texts) {
        this.folder = folder;
        this.names = names;
        this.texts = texts;
    }

    /// The files of a folder.
    ///
    /// @param path the model's folder, or a file in it
    static SentenceTransformerFiles of(Path path) throws CheckpointException {
        Path folder = Folders.ofModel(path);
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.map(f -> f.getFileName().toString()).toList();
            return new SentenceTransformerFiles(folder, names, name -> text(folder, name));
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    /// The files that the metadata of a GGUF file holds as texts.
    static SentenceTransformerFiles of(GgufMetadata metadata) {
        List<String> names = metadata.keys().stream().filter(key -> key.startsWith(SentenceTransformerKeys.PREFIX))
                .map(key -> key.substring(SentenceTransformerKeys.PREFIX.length())).toList();
        return new SentenceTransformerFiles(metadata.origin(), names, name -> names.contains(name)
                ? Optional.of(metadata.string(SentenceTransformerKeys.PREFIX + name)) : Optional.empty());
    }

    private static Optional<String> text(Path folder, String name) throws CheckpointException {
        Path file = folder.resolve(name).normalize();
        if (!file.startsWith(folder.normalize())) {
            throw new CheckpointException(folder.resolve(MODULES), "path", "found " + name + ", expected a folder in "
                    + folder);
        }
        try {
            return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    /// Whether there are any of these files.
    boolean areThere() {
        return names.contains(MODULES) || names.contains(DEFAULT_POOLING + "/config.json");
    }

    /// The pooling of sparse vectors; empty if the files are not those of SPLADE.
    Optional<SparsePooling> sparse() throws CheckpointException {
        String folder = SPLADE_POOLING;
        boolean isSparse = !names.contains(MODULES) && names.contains(SPLADE_POOLING);
        if (names.contains(MODULES)) {
            for (Config module : modules()) {
                if (kind(module).equals("SpladePooling")) {
                    folder = module.text("path", SPLADE_POOLING);
                    isSparse = true;
                }
            }
        }
        Optional<Config> pooling = isSparse ? read(folder + "/config.json") : Optional.empty();
        return !isSparse ? Optional.empty() : pooling.isPresent() ? Optional.of(SparsePooling.of(pooling.get()))
                : Optional.of(SparsePooling.MAX);
    }

    private List<Config> modules() throws CheckpointException {
        return SentenceTransformerKeys.modules(folder.resolve(MODULES), texts.read(MODULES).orElseThrow());
    }

    /// The class of a module, without its package.
    private static String kind(Config module) throws CheckpointException {
        String type = module.text("type");
        return type.substring(type.lastIndexOf('.') + 1);
    }

    /// @param usual the pooling of models without these files
    /// @param isSparse whether the files may be those of SPLADE
    EmbeddingConfig config(Pooling usual, boolean isSparse) throws CheckpointException {
        String poolingFolder = DEFAULT_POOLING;
        boolean normalized = true;
        if (names.contains(MODULES)) {
            normalized = false;
            boolean isPooled = false;
            for (Config module : modules()) {
                switch (kind(module)) {
                    case "Transformer" -> { }
                    case "Pooling" -> {
                        poolingFolder = module.text("path", DEFAULT_POOLING);
                        isPooled = true;
                    }
                    case "Normalize" -> normalized = true;
                    case "Dense" -> {
                        if (!isPooled || normalized) {
                            throw module.error("type", "found " + module.text("type") + ", expected it after Pooling "
                                    + "and before Normalize");
                        }
                    }
                    case "MLMTransformer", "SpladePooling" -> requireSparse(module, isSparse);
                    default -> throw module.error("type", "found the module " + module.text("type")
                            + ", expected Transformer, Pooling, Dense or Normalize: the embeddings of this model need "
                            + "a computation that is not supported");
                }
            }
        }
        Optional<Config> pooling = read(poolingFolder + "/config.json");
        Optional<Config> transformer = transformer();
        Optional<Config> prompts = read(PROMPTS);
        return new EmbeddingConfig(pooling.isPresent() ? Pooling.of(pooling.get()) : usual, pooling.isPresent(),
                normalized, maxTokens(transformer),
                transformer.isPresent() && transformer.get().flag("do_lower_case", false),
                prompts.isPresent() ? prompts(prompts.get()) : Map.of(),
                prompts.isPresent() ? defaultPrompt(prompts.get()) : Optional.empty(),
                pooling.isEmpty() || pooling.get().flag("include_prompt", true));
    }

    private static void requireSparse(Config module, boolean isSparse) throws CheckpointException {
        if (!isSparse) {
            throw module.error("type", "found " + module.text("type") + ": the model gives sparse vectors (SPLADE); "
                    + "`glia embed --sparse` and the route /embed_sparse give them");
        }
    }

    private Optional<Config> read(String name) throws CheckpointException {
        Optional<String> text = texts.read(name);
        return text.isPresent() ? Optional.of(Config.parse(folder.resolve(name), text.get())) : Optional.empty();
    }

    private Optional<Config> transformer() throws CheckpointException {
        Optional<String> name = names.stream().filter(n -> n.matches(TRANSFORMER)).sorted().findFirst();
        return name.isPresent() ? read(name.get()) : Optional.empty();
    }

    /// `max_seq_length`, else the tokenizer's `model_max_length`, which may be huge.
    private int maxTokens(Optional<Config> transformer) throws CheckpointException {
        if (transformer.isPresent() && transformer.get().has("max_seq_length")) {
            return transformer.get().positive("max_seq_length");
        }
        Optional<Config> tokenizer = read("tokenizer_config.json");
        if (tokenizer.isEmpty() || !tokenizer.get().isNumber("model_max_length")) {
            return 0;
        }
        double most = tokenizer.get().real("model_max_length");
        return most >= 1 && most <= Integer.MAX_VALUE ? (int) most : 0;
    }

    private static Map<String, String> prompts(Config config) throws CheckpointException {
        Map<String, String> prompts = new LinkedHashMap<>();
        if (config.has("prompts")) {
            Config all = config.child("prompts");
            for (String name : all.keys()) {
                prompts.put(name, all.text(name));
            }
        }
        return prompts;
    }

    private static Optional<String> defaultPrompt(Config config) throws CheckpointException {
        if (!config.has("default_prompt_name")) {
            return Optional.empty();
        }
        String name = config.text("default_prompt_name");
        if (!config.has("prompts") || !config.child("prompts").has(name)) {
            throw config.error("default_prompt_name", "found " + name + ", expected the name of one of the prompts");
        }
        return Optional.of(name);
    }
}

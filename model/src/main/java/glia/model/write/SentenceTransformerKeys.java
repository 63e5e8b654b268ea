package glia.model.write;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.json.JsonValues;
import glia.io.load.Checkpoints;
import glia.io.pytorch.PickleCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.layout.DenseModule;
import glia.model.layout.Pooling;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;

/// The files of [sentence-transformers](https://sbert.net) of a model, in GGUF metadata and back. The pooling is
/// llama.cpp's key `<architecture>.pooling_type`. llama.cpp has no keys for normalization, truncation and prompts;
/// these are kept as the texts of their files, in `sentence_transformers.<file>`.
public final class SentenceTransformerKeys {
    /// The text of a file follows this prefix and the file's path in the folder.
    public static final String PREFIX = "sentence_transformers.";
    private static final String POOLING_TYPE = ".pooling_type";
    private static final String MODULES = "modules.json";
    private static final String POOLING = "1_Pooling/config.json";
    private static final String TOP_LEVEL = "(modules|config_sentence_transformers|sentence_[\\w-]+_config)\\.json";
    /// A file of the folder, or of a folder in it.
    private static final String FILE = "([\\w-][\\w.-]*/)?[\\w-][\\w.-]*\\.json";

    /// The names of maps of pooled vectors in GGUF files.
    private static final List<String> DENSE = List.of("dense_2", "dense_3");
    private static final String WEIGHT = ".weight";

    private SentenceTransformerKeys() { }

    /// The paths of these files in a folder; none where it is no sentence encoder.
    static Set<String> files(Path folder) throws CheckpointException {
        Set<String> names = new LinkedHashSet<>();
        if (!Files.isDirectory(folder)) {
            return names;
        }
        try (Stream<Path> files = Files.list(folder)) {
            files.map(f -> f.getFileName().toString()).filter(n -> n.matches(TOP_LEVEL)).sorted().forEach(names::add);
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be read: " + e.getMessage(), e);
        }
        if (Files.isRegularFile(folder.resolve(POOLING))) {
            names.add(POOLING);
        }
        if (names.contains(MODULES)) {
            for (Config module : modules(folder.resolve(MODULES))) {
                String name = module.text("path", "") + "/config.json";
                if (name.matches(FILE) && Files.isRegularFile(folder.resolve(name))) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    private static List<Config> modules(Path file) throws CheckpointException {
        try {
            return modules(file, Files.readString(file));
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    /// The modules that a modules.json lists.
    ///
    /// @param file for messages
    /// @throws CheckpointException if it is not a list of objects
    public static List<Config> modules(Path file, String json) throws CheckpointException {
        try {
            if (!(JsonValues.parse(json) instanceof List<?> list)) {
                throw new CheckpointException(file, "", "found no list, expected the modules of the model");
            }
            List<Config> modules = new ArrayList<>();
            for (Object one : list) {
                modules.add(Config.of(file, Map.of("module", one)).child("module"));
            }
            return modules;
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not the JSON expected: " + e.getOriginalMessage(), e);
        }
    }

    /// The maps of pooled vectors of a model.
    ///
    /// @param path its folder or file
    /// @throws CheckpointException if a file of them cannot be used
    public static List<DenseModule> dense(Path path, Checkpoint checkpoint) throws CheckpointException {
        List<DenseModule> all = new ArrayList<>();
        if (checkpoint instanceof GgufCheckpoint) {
            for (String name : DENSE) {
                if (checkpoint.names().contains(name + WEIGHT)) {
                    all.add(DenseModule.of(checkpoint, name + WEIGHT, DenseModule.Function.IDENTITY));
                }
            }
            return all;
        }
        Path folder = Folders.ofModel(path);
        for (String name : denseFolders(folder)) {
            try (Checkpoint tensors = Checkpoints.open(folder.resolve(name))) {
                all.add(DenseModule.of(Config.read(folder.resolve(name).resolve("config.json")), tensors));
            }
        }
        return all;
    }

    private static List<String> denseFolders(Path folder) throws CheckpointException {
        List<String> names = new ArrayList<>();
        if (Files.isRegularFile(folder.resolve(MODULES))) {
            for (Config module : modules(folder.resolve(MODULES))) {
                if (module.text("type").endsWith(".Dense")) {
                    String name = module.text("path");
                    if (!name.matches("\\w[\\w.-]*")) {
                        throw module.error("path", "found " + name + ", expected a folder beside modules.json");
                    }
                    names.add(name);
                }
            }
        }
        return names;
    }

    /// Refuses a model whose vectors have maps, which training leaves out.
    ///
    /// @param path its folder or file
    public static void refuseDense(Path path, Checkpoint checkpoint) throws CheckpointException {
        boolean isFile = checkpoint instanceof GgufCheckpoint;
        List<String> found = isFile ? DENSE.stream().filter(n -> checkpoint.names().contains(n + WEIGHT)).toList()
                : denseFolders(Folders.ofModel(path));
        if (!found.isEmpty()) {
            throw new CheckpointException(isFile ? path : Folders.ofModel(path).resolve(MODULES), isFile ? "" : "type",
                    "found the Dense modules " + found + ", expected none: embeddings are trained without them; copy "
                    + "the model to a folder (glia convert) and remove them from its modules.json");
        }
    }

    /// The files with the numbers of a folder's modules.
    static List<String> weights(Path folder) throws CheckpointException {
        return denseFolders(folder).stream().flatMap(name -> Stream.of(name + "/" + SafetensorsCheckpoint.FILE_NAME,
                name + "/" + PickleCheckpoint.FILE_NAME)).filter(f -> Files.isRegularFile(folder.resolve(f))).toList();
    }

    /// The tensors of maps of pooled vectors in a GGUF file, as llama.cpp reads them of EmbeddingGemma; their sizes go
    /// to the metadata.
    ///
    /// @throws CheckpointException if GGUF has no form of them
    static Map<String, Tensor> tensors(Path folder, Map<String, Object> metadata, int hidden, Checkpoint checkpoint,
            Arena arena) throws CheckpointException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        List<DenseModule> all = dense(folder, checkpoint);
        Object architecture = metadata.get("general.architecture");
        if (all.isEmpty()) {
            return tensors;
        }
        if (!architecture.equals("gemma-embedding") || all.size() != DENSE.size()
                || !all.stream().allMatch(DenseModule::isMatrix) || all.getFirst().inputs() != hidden
                || all.getLast().outputs() != hidden) {
            throw new CheckpointException(folder.resolve(MODULES), "type", "found " + all.size() + " Dense modules; "
                    + "GGUF has a form of two, of EmbeddingGemma, without biases and activations, from and to "
                    + "vectors of the hidden size");
        }
        for (int i = 0; i < all.size(); i++) {
            DenseModule m = all.get(i);
            metadata.put(architecture + "." + DENSE.get(i) + "_feat_in", m.inputs());
            metadata.put(architecture + "." + DENSE.get(i) + "_feat_out", m.outputs());
            tensors.put(DENSE.get(i) + WEIGHT, m.tensor(arena));
        }
        return tensors;
    }

    /// The metadata of a folder's files.
    ///
    /// @throws CheckpointException if they name a module or a pooling for which GGUF has no key
    static Map<String, Object> metadata(Path folder, String architecture) throws CheckpointException {
        Map<String, Object> metadata = new LinkedHashMap<>();
        Set<String> files = files(folder);
        String pooling = POOLING;
        if (files.contains(MODULES)) {
            for (Config module : modules(folder.resolve(MODULES))) {
                String type = module.text("type");
                switch (type.substring(type.lastIndexOf('.') + 1)) {
                    case "Transformer", "Normalize", "Dense" -> { }
                    case "Pooling" -> pooling = module.text("path", "1_Pooling") + "/config.json";
                    default -> throw module.error("type", "found " + type + ", expected Transformer, Pooling, "
                            + "Dense or Normalize: GGUF has no form of other modules");
                }
            }
        }
        if (files.contains(pooling)) {
            metadata.put(architecture + POOLING_TYPE, number(Config.read(folder.resolve(pooling))));
        }
        for (String name : files) {
            try {
                metadata.put(PREFIX + name, Files.readString(folder.resolve(name)));
            } catch (IOException e) {
                throw new CheckpointException(folder.resolve(name), "", "cannot be read: " + e.getMessage(), e);
            }
        }
        return metadata;
    }

    private static int number(Config config) throws CheckpointException {
        int number = Pooling.of(config).ggufNumber();
        if (number == Pooling.GGUF_NONE) {
            throw config.error("pooling_mode", "GGUF has numbers for the poolings mean, cls and lasttoken alone");
        }
        return number;
    }

    /// The pooling of a number in a GGUF file's metadata.
    ///
    /// @throws CheckpointException if there is no pooling of that number
    public static Pooling pooling(GgufMetadata metadata, String key) throws CheckpointException {
        long number = metadata.integer(key);
        return Pooling.ofGguf(number).orElseThrow(() -> new CheckpointException(metadata.origin(),
                "metadata key " + key, "found " + number + ", expected 1 (mean), 2 (first token) or 3 (last token)"));
    }

    /// Writes the files of a GGUF file's metadata to a folder. A file with a pooling alone, as llama.cpp writes it,
    /// becomes the modules that llama.cpp runs: the model, the pooling and a normalization.
    ///
    /// @throws CheckpointException if a key names a file outside of the folder
    static void write(GgufCheckpoint gguf, Path folder) throws IOException {
        GgufMetadata metadata = gguf.metadata();
        boolean written = false;
        for (String key : metadata.keys()) {
            if (key.startsWith(PREFIX)) {
                String name = key.substring(PREFIX.length());
                if (!name.matches(FILE)) {
                    throw new CheckpointException(metadata.origin(), "metadata key " + key,
                            "expected the name of a JSON file after " + PREFIX);
                }
                write(folder.resolve(name), metadata.string(key));
                written = true;
            }
        }
        String key = metadata.string("general.architecture") + POOLING_TYPE;
        List<DenseModule> dense = dense(folder, gguf);
        List<String> folders = written ? denseFolders(folder) : IntStream.range(0, dense.size())
                .mapToObj(i -> 2 + i + "_Dense").toList();
        for (int i = 0; i < Math.min(folders.size(), dense.size()); i++) {
            DenseModule m = dense.get(i);
            Path of = folder.resolve(folders.get(i));
            if (!written) {
                write(of.resolve("config.json"), "{\"in_features\": " + m.inputs() + ", \"out_features\": "
                        + m.outputs() + ", \"bias\": false, \"activation_function\": "
                        + "\"torch.nn.modules.linear.Identity\"}\n");
            }
            try (Arena arena = Arena.ofConfined()) {
                SafetensorsWriter.write(of.resolve(SafetensorsCheckpoint.FILE_NAME),
                        Map.of("linear.weight", m.tensor(arena)), Map.of());
            }
        }
        long pooling = metadata.has(key) ? metadata.integer(key) : 0;
        if (!written && pooling > 0 && pooling != Pooling.GGUF_RANK) {
            write(folder.resolve(POOLING), "{\"" + pooling(metadata, key).key() + "\": true}\n");
            String module = "{\"idx\": %d, \"name\": \"%d\", \"path\": \"%s\", "
                    + "\"type\": \"sentence_transformers.models.%s\"}";
            List<String> modules = new ArrayList<>(List.of(module.formatted(0, 0, "", "Transformer"),
                    module.formatted(1, 1, "1_Pooling", "Pooling")));
            folders.forEach(name -> modules.add(module.formatted(modules.size(), modules.size(), name, "Dense")));
            int last = modules.size();
            modules.add(module.formatted(last, last, last + "_Normalize", "Normalize"));
            write(folder.resolve(MODULES), "[" + String.join(",\n ", modules) + "]\n");
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}

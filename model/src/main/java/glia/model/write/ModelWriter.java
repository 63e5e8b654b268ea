package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.quant.Packings;
import glia.tensor.DType;
import glia.text.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/// Writes models as folders in the hub's layout, with the names, shapes and types of the loaded tensors, config and
/// tokenizer. Tensors without parameters, such as an image encoder, and unchanged quantized weights are copied. If all
/// quantized weights were changed, plain tensors replace them and the quantization config is removed. Adapters are
/// merged into their base.
///
/// A changed tensor keeps its type if that holds all of its values, else it becomes F32, so a saved model always loads
/// with the same values. Models of GGUF files, and those created from a config, are written by `HubFolder`.
public final class ModelWriter {
    private static final long MAX_SHARD_BYTES = 5_000_000_000L;

    /// The files that are copied besides weights and those of the tokenizer.
    private static final List<String> OTHER_FILES = List.of("config.json", "generation_config.json",
            "preprocessor_config.json", "processor_config.json", "scope.json", "LICENSE");

    private ModelWriter() { }

    /// Writes a model with its own weights.
    ///
    /// @param folder new or empty. It appears complete or not at all
    /// @throws CheckpointException if the folder is not empty or cannot be written, or if config.json has no key for a
    ///     property of a model of a GGUF file
    public static void write(Model model, Path folder) throws CheckpointException {
        write(model, model.weights(), folder);
    }

    /// Writes a model with other weights of the same shapes, such as trained ones.
    ///
    /// @throws IllegalArgumentException if a weight has another shape, or some but not all quantized weights were
    ///     changed
    public static void write(Model model, Weights weights, Path folder) throws CheckpointException {
        write(model, weights, folder, Optional.empty(), IfExists.FAIL);
    }

    /// The same with another type.
    ///
    /// @param type type of matrices: F32, F16 or BF16
    /// @param ifExists whether a folder that holds a model is replaced
    /// @throws CheckpointException also if a type is given and weights are quantized and not in memory
    public static void write(Model model, Weights weights, Path folder, Optional<DType> type, IfExists ifExists)
            throws CheckpointException {
        OutputPath.requireOther(model.path(), folder);
        if (type.isPresent() && !StoredAs.PLAIN.contains(type.get())) {
            throw new CheckpointException(folder, "", "cannot be written: a folder holds matrices as F32, F16 or BF16,"
                    + " not as " + type.get() + "; write a .gguf file");
        }
        try (Arena arena = Arena.ofConfined()) {
            Hub hub = model.checkpoint() instanceof GgufCheckpoint || model.path().isEmpty()
                    ? HubFolder.of(model, weights, type) : copy(model, weights, type, arena);
            writeFolder(folder, ifExists, temporary -> {
                SafetensorsWriter.writeShardedContents(temporary, hub.tensors(), Map.of("format", "pt"),
                        MAX_SHARD_BYTES);
                hub.writeOtherFiles(temporary);
            });
        }
    }

    /// Writes the config and the other files of a model's folder with tensors that are computed one after the other.
    ///
    /// @param model of a folder in the hub's layout
    /// @param config changes the config
    /// @param folder new or empty. It appears complete or not at all
    public static void writeTensors(Model model, Map<String, TensorContent> tensors, ConfigChange config, Path folder,
            IfExists ifExists) throws CheckpointException {
        OutputPath.requireOther(model.path(), folder);
        writeFolder(folder, ifExists, temporary -> {
            SafetensorsWriter.writeShardedContents(temporary, tensors, Map.of("format", "pt"), MAX_SHARD_BYTES);
            copyOtherFiles(model.path().orElseThrow(), temporary);
            Path file = temporary.resolve("config.json");
            // A model with a new head has a config of its own.
            Config after = config.of(model.config().isPresent() ? model.config().get() : Config.read(file));
            Files.writeString(file, after.json() + "\n");
        });
    }

    /// A change of a config.
    @FunctionalInterface
    public interface ConfigChange {
        Config of(Config config) throws CheckpointException;
    }

    /// The content of a folder in the hub's layout.
    interface Hub {
        Map<String, TensorContent> tensors();

        /// Writes the files besides the tensors.
        void writeOtherFiles(Path folder) throws IOException;
    }

    private static Hub copy(Model model, Weights weights, Optional<DType> type, Arena arena)
            throws CheckpointException {
        Path source = model.path().orElseThrow();
        SavedTensors saved = new SavedTensors(model, weights, arena);
        Map<String, TensorContent> tensors = new LinkedHashMap<>();
        saved.all().forEach((name, tensor) -> tensors.put(name, TensorContent.of(tensor)));
        boolean unpacks = saved.unpacks();
        if (type.isPresent()) {
            if (!unpacks && !model.tensors().packed().isEmpty()) {
                throw new CheckpointException(source, "", "has quantized weights, which keep their type unless all are"
                        + " copied to memory first");
            }
            saved.matrices().forEach(name -> tensors.computeIfPresent(name, (n, tensor) -> new TensorContent(type.get(),
                    tensor.shape(), scratch -> TypeCast.PLAIN.of(n, -1, tensor.make().apply(scratch), type.get(),
                            scratch))));
        }
        return new Hub() {
            @Override
            public Map<String, TensorContent> tensors() {
                return tensors;
            }

            @Override
            public void writeOtherFiles(Path folder) throws IOException {
                copyOtherFiles(source, folder);
                Path file = folder.resolve("config.json");
                if (model.config().isPresent() || model.ropeChange().isPresent()) {
                    Config config = model.config().isPresent() ? model.config().get() : Config.read(file);
                    Files.writeString(file, ScaledConfig.of(config, model.ropeChange()).json() + "\n");
                }
                if (unpacks || type.isPresent()) {
                    Config config = Config.read(file);
                    config = unpacks ? Packings.without(config) : config;
                    Files.writeString(file, (type.isPresent() ? typed(config, type.get()) : config).json() + "\n");
                }
            }
        };
    }

    /// The config with the type of its weights.
    private static Config typed(Config config, DType type) throws CheckpointException {
        String name = switch (type) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
        Config typed = config.with(config.has("torch_dtype") ? "torch_dtype" : "dtype", name);
        return config.isObject("text_config") && config.child("text_config").has("dtype")
                ? typed.with("text_config", config.child("text_config").with("dtype", name).values()) : typed;
    }

    private interface Body {
        void write(Path folder) throws IOException;
    }

    /// Writes a temporary folder next to the target and renames it when it is complete.
    private static void writeFolder(Path folder, IfExists ifExists, Body body) throws CheckpointException {
        Path target = folder.toAbsolutePath();
        Path temporary = target.resolveSibling(".glia-" + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + ".tmp");
        try {
            OutputPath.requireFree(target, ifExists);
            Files.createDirectories(target.getParent());
            Files.createDirectory(temporary);
            body.write(temporary);
            replace(target, temporary);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be written: " + e.getMessage(), e);
        } finally {
            delete(temporary);
        }
    }

    /// Renames the old folder first and deletes it after the new one is in place.
    private static void replace(Path target, Path temporary) throws IOException {
        Path old = target.resolveSibling(temporary.getFileName() + ".old");
        if (Files.exists(target)) {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        delete(old);
    }

    private static void copyOtherFiles(Path model, Path to) throws IOException {
        Path from = Folders.ofModel(model);
        Set<String> names = new LinkedHashSet<>(OTHER_FILES);
        names.addAll(TokenizerFiles.NAMES);
        names.addAll(SentenceTransformerKeys.files(from));
        names.addAll(SentenceTransformerKeys.weights(from));
        for (String name : names) {
            if (Files.isRegularFile(from.resolve(name))) {
                Files.createDirectories(to.resolve(name).getParent());
                Files.copy(from.resolve(name), to.resolve(name));
            }
        }
    }

    private static void delete(Path folder) throws CheckpointException {
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be removed: " + e.getMessage(), e);
        }
    }
}

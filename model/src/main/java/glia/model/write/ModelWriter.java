package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.quant.Packings;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// Writes models back as folders in the hub's layout: with the names, shapes and types of the tensors that they were
/// loaded from, through the same `Source` expressions, and with their config and tokenizer. What no parameter lies in,
/// such as an image encoder or the parts of packed weights, is written as it was. Where all packed weights were
/// changed, plain ones take the place of their parts, and config.json says nothing of quantization. Adapters are added
/// to their base.
///
/// A changed tensor keeps its type if that holds all of its numbers, else it becomes F32: to load what was saved gives
/// the same numbers, always. Models of GGUF files, and those made from a config, get the names and the config of their
/// family; see `HubFolder`.
public final class ModelWriter {
    private static final long MAX_SHARD_BYTES = 5_000_000_000L;

    /// What a folder holds besides weights.
    private static final List<String> BESIDES = List.of("config.json", "generation_config.json", "tokenizer.json",
            "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
            "merges.txt", "tokenizer.model", "spiece.model", "tiktoken.model", "chat_template.jinja",
            "chat_template.json", "preprocessor_config.json", "processor_config.json", "LICENSE");

    private ModelWriter() { }

    /// Writes a model with its own weights.
    ///
    /// @param folder is made; it may be there if it is empty. It appears whole or not at all
    /// @throws CheckpointException if the folder holds something or cannot be written, or if the model is a GGUF file
    ///         and config.json has no key for something in it
    public static void write(Model model, Path folder) throws CheckpointException {
        write(model, model.weights(), folder);
    }

    /// Writes a model with other weights of the same shapes, such as trained ones.
    ///
    /// @throws IllegalArgumentException if a weight has another shape, or replaces a packed one while others stay
    ///         packed, or if the model was made from a spec and has no config
    public static void write(Model model, Weights weights, Path folder) throws CheckpointException {
        write(model, weights, folder, Optional.empty(), IfExists.FAIL);
    }

    /// The same with another type.
    ///
    /// @param type what matrices become: F32, F16 or BF16
    /// @param ifExists whether a folder that holds a model is replaced
    /// @throws CheckpointException also if weights are quantized as the hub packs them and were not copied to memory
    public static void write(Model model, Weights weights, Path folder, Optional<DType> type, IfExists ifExists)
            throws CheckpointException {
        OutputPath.requireOther(model.path(), folder);
        if (type.isPresent() && !StoredAs.PLAIN.contains(type.get())) {
            throw new CheckpointException(folder, "", "cannot be written: a folder holds matrices as F32, F16 or BF16,"
                    + " not as " + type.get() + "; write a .gguf file");
        }
        try (Arena arena = Arena.ofConfined()) {
            Hub hub = model.checkpoint() instanceof GgufCheckpoint || model.path().isEmpty()
                    ? HubFolder.of(model, weights, type, arena) : copy(model, weights, type, arena);
            writeFolder(folder, ifExists, beside -> {
                SafetensorsWriter.writeSharded(beside, hub.tensors(), Map.of("format", "pt"), MAX_SHARD_BYTES);
                hub.writeBesides(beside);
            });
        }
    }

    /// What a folder in the hub's layout holds.
    interface Hub {
        Map<String, Tensor> tensors();

        /// Writes what is there besides tensors.
        void writeBesides(Path folder) throws IOException;
    }

    private static Hub copy(Model model, Weights weights, Optional<DType> type, Arena arena)
            throws CheckpointException {
        Path source = model.path().orElseThrow();
        SavedTensors saved = new SavedTensors(model, weights, arena);
        Map<String, Tensor> tensors = saved.all();
        boolean unpacks = saved.unpacks();
        if (type.isPresent()) {
            if (!unpacks && !model.tensors().packed().isEmpty()) {
                throw new CheckpointException(source, "", "has quantized weights, which keep their type unless all are"
                        + " copied to memory first");
            }
            saved.matrices().forEach(name -> tensors.computeIfPresent(name,
                    (n, tensor) -> TypeCast.of(n, tensor, type.get(), arena)));
        }
        return new Hub() {
            @Override
            public Map<String, Tensor> tensors() {
                return tensors;
            }

            @Override
            public void writeBesides(Path folder) throws IOException {
                copyBesides(source, folder);
                Path file = folder.resolve("config.json");
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
                ? typed.with("text_config", config.child("text_config").with("dtype", name)) : typed;
    }

    private interface Body {
        void write(Path folder) throws IOException;
    }

    /// Fills a folder beside the target, and renames it when it is whole.
    private static void writeFolder(Path folder, IfExists ifExists, Body body) throws CheckpointException {
        Path target = folder.toAbsolutePath();
        Path beside = target.resolveSibling(".glia-" + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + ".tmp");
        try {
            OutputPath.requireFree(target, ifExists);
            Files.createDirectories(target.getParent());
            Files.createDirectory(beside);
            body.write(beside);
            replace(target, beside);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be written: " + e.getMessage(), e);
        } finally {
            delete(beside);
        }
    }

    /// Moves the old folder out of the way first, so that it is there until the new one is.
    private static void replace(Path target, Path beside) throws IOException {
        Path old = target.resolveSibling(beside.getFileName() + ".old");
        if (Files.exists(target)) {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
        delete(old);
    }

    private static void copyBesides(Path model, Path to) throws IOException {
        Path from = Files.isDirectory(model) ? model : model.toAbsolutePath().getParent();
        Set<String> names = new LinkedHashSet<>(BESIDES);
        names.addAll(SentenceTransformerKeys.files(from));
        for (String name : names) {
            if (Files.isRegularFile(from.resolve(name))) {
                Files.createDirectories(to.resolve(name).getParent());
                Files.copy(from.resolve(name), to.resolve(name));
            }
        }
    }

    private static void delete(Path folder) throws CheckpointException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be removed: " + e.getMessage(), e);
        }
    }
}

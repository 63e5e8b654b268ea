package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        write(model, weights, folder, Optional.empty());
    }

    /// The same with another type.
    ///
    /// @param type what matrices become; this is for models that are GGUF files or were made from a config
    public static void write(Model model, Weights weights, Path folder, Optional<DType> type)
            throws CheckpointException {
        try (Arena arena = Arena.ofConfined()) {
            Hub hub = model.checkpoint() instanceof GgufCheckpoint || model.path().isEmpty()
                    ? HubFolder.of(model, weights, type, arena) : copy(model, weights, type, arena);
            writeFolder(folder, beside -> {
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
        if (type.isPresent()) {
            throw new CheckpointException(source, "", "is in the hub's layout already and keeps its types there; "
                    + "another type is for GGUF files");
        }
        SavedTensors saved = new SavedTensors(model, weights, arena);
        Map<String, Tensor> tensors = saved.all();
        boolean unpacks = saved.unpacks();
        return new Hub() {
            @Override
            public Map<String, Tensor> tensors() {
                return tensors;
            }

            @Override
            public void writeBesides(Path folder) throws IOException {
                copyBesides(source, folder);
                if (unpacks) {
                    Path config = folder.resolve("config.json");
                    Files.writeString(config, Packings.without(Config.read(config)).json() + "\n");
                }
            }
        };
    }

    private interface Body {
        void write(Path folder) throws IOException;
    }

    /// Fills a folder beside the target, and renames it when it is whole.
    private static void writeFolder(Path folder, Body body) throws CheckpointException {
        Path target = folder.toAbsolutePath();
        Path beside = target.resolveSibling(".glia-" + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + ".tmp");
        try {
            requireEmpty(target);
            Files.createDirectories(target.getParent());
            Files.createDirectory(beside);
            body.write(beside);
            Files.deleteIfExists(target);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be written: " + e.getMessage(), e);
        } finally {
            delete(beside);
        }
    }

    private static void requireEmpty(Path target) throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new CheckpointException(target, "", "is a file, expected the name of a new folder");
        }
        try (Stream<Path> files = Files.list(target)) {
            if (files.findAny().isPresent()) {
                throw new CheckpointException(target, "", "holds something already; give a new or an empty folder");
            }
        }
    }

    private static void copyBesides(Path model, Path to) throws IOException {
        Path from = Files.isDirectory(model) ? model : model.toAbsolutePath().getParent();
        for (String name : BESIDES) {
            if (Files.isRegularFile(from.resolve(name))) {
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

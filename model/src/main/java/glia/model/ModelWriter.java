package glia.model;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.block.Weights;
import glia.model.family.Source;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// Writes models back as folders in the hub's layout: with the names, shapes and types of the tensors that they were
/// loaded from, through the same `Source` expressions, and with their config and tokenizer. What no parameter lies in,
/// such as an image encoder or the parts of packed weights, is written as it was.
///
/// A changed tensor keeps its type if that holds all of its numbers, else it becomes F32: to load what was saved gives
/// the same numbers, always.
public final class ModelWriter {
    private static final long MAX_SHARD_BYTES = 5_000_000_000L;

    /// What a folder holds besides weights.
    private static final List<String> BESIDES = List.of("config.json", "generation_config.json", "tokenizer.json",
            "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
            "merges.txt", "tokenizer.model", "spiece.model", "tiktoken.model", "chat_template.jinja",
            "chat_template.json", "preprocessor_config.json", "processor_config.json", "LICENSE");

    private final Model model;
    private final Weights weights;
    private final Arena arena;

    private ModelWriter(Model model, Weights weights, Arena arena) {
        this.model = model;
        this.weights = weights;
        this.arena = arena;
    }

    /// Writes a model with its own weights.
    ///
    /// @param folder is made; it may be there if it is empty. It appears whole or not at all
    /// @throws CheckpointException if the model is a GGUF file, or the folder holds something or cannot be written
    public static void write(Model model, Path folder) throws CheckpointException {
        write(model, model.weights(), folder);
    }

    /// Writes a model with other weights of the same shapes, such as trained ones.
    ///
    /// @throws IllegalArgumentException if a weight has another shape, or replaces a packed one, or if the model was
    ///         made from a spec and has no config
    public static void write(Model model, Weights weights, Path folder) throws CheckpointException {
        Path source = model.path().orElseThrow(() -> new IllegalArgumentException(
                "the model was made from a spec: it has no config.json to be written with"));
        if (model.checkpoint() instanceof GgufCheckpoint) {
            throw new CheckpointException(source, "", "is a GGUF file; only models in the hub's layout are written");
        }
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new ModelWriter(model, weights, arena).tensors();
            writeFolder(folder, beside -> {
                SafetensorsWriter.writeSharded(beside, tensors, Map.of("format", "pt"), MAX_SHARD_BYTES);
                copyBesides(source, beside);
            });
        }
    }

    /// All tensors of the checkpoint, with the numbers of the weights.
    private Map<String, Tensor> tensors() throws CheckpointException {
        Checkpoint checkpoint = model.checkpoint();
        Map<String, List<Parameter>> changed = new LinkedHashMap<>();
        for (Parameter p : model.sources().keySet()) {
            if (isChanged(p)) {
                changed.computeIfAbsent(model.storedName(p), name -> new ArrayList<>()).add(p);
            }
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            Tensor stored = checkpoint.tensor(name);
            tensors.put(name, changed.containsKey(name) ? rebuilt(stored, changed.get(name)) : stored);
        }
        model.otherHead().ifPresent(head ->
                tensors.put(head, tensors.get(model.storedName(Parameter.of(Role.EMBEDDING)))));
        return tensors;
    }

    /// Whether a parameter may differ from what the file has. Mapped memory is only read.
    private boolean isChanged(Parameter p) {
        Weight before = model.weights().get(p);
        Weight now = weights.get(p);
        if (!Arrays.equals(before.shape(), now.shape())) {
            throw new IllegalArgumentException(p + " has shape " + Arrays.toString(now.shape()) + ", the model's is "
                    + Arrays.toString(before.shape()));
        }
        return switch (before) {
            case Weight.Coded coded -> {
                if (now != before) {
                    throw new IllegalArgumentException(p + " is packed as " + coded.format()
                            + ", other numbers cannot be put in its place");
                }
                yield false;
            }
            case Weight.Deferred deferred -> now != before;
            case Weight.Stored stored -> now != before || !stored.tensor().memory().isMapped();
        };
    }

    private Tensor rebuilt(Tensor stored, List<Parameter> parameters) {
        Tensor wide = Decode.widen(stored, arena);
        for (Parameter p : parameters) {
            Source source = model.sources().get(p);
            Tensor numbers = Compute.stored(weights.get(p));
            source.write(numbers.dtype() == DType.F32 ? numbers : Decode.widen(numbers, arena), wide);
        }
        if (stored.dtype() == DType.F32 || !Encode.writes(stored.dtype())) {
            return wide;
        }
        Tensor narrow = Encode.narrow(wide, stored.dtype(), arena);
        return Decode.widen(narrow, arena).memory().mismatch(wide.memory()) == -1 ? narrow : wide;
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

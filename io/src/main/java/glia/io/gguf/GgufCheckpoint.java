package glia.io.gguf;

import glia.io.CheckpointException;
import glia.io.file.MappedCheckpoint;
import glia.io.file.MappedFile;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A GGUF checkpoint, version 2 or 3, little-endian: one file, or shards
/// `…-00001-of-00003.gguf`, of which the first is opened and contains the metadata. Shapes have the outermost dimension
/// first, as everywhere in Glia; the format stores the innermost first.
public final class GgufCheckpoint extends MappedCheckpoint {
    private GgufMetadata metadata;
    private MappedFile file;
    private Optional<Projector> projector = Optional.empty();
    private final Set<String> joined = new LinkedHashSet<>();

    /// The file of a model's encoder of pictures, as llama.cpp's `mtmd` reads it: a `mmproj` file.
    ///
    /// @param isNamed whether the user named it, so that one which does not suit the model is an error
    public record Projector(MappedFile file, GgufMetadata metadata, Map<String, Tensor> tensors, boolean isNamed) { }

    private GgufCheckpoint(Path path) {
        super(path);
    }

    /// Opens a file and, if it is the first shard, the others.
    ///
    /// @throws CheckpointException if a file violates the format
    public static GgufCheckpoint open(Path path) throws CheckpointException {
        GgufCheckpoint checkpoint = new GgufCheckpoint(path);
        try {
            checkpoint.metadata = checkpoint.add(path);
            GgufSplit split = GgufSplit.of(path, checkpoint.metadata);
            for (int part = 1; part < split.numParts(); part++) {
                split.checkPart(part, checkpoint.add(split.path(part)));
            }
            split.checkNumTensors(checkpoint.names().size());
            return checkpoint;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    private GgufMetadata add(Path path) throws CheckpointException {
        MappedFile opened = file(path);
        file = file == null ? opened : file;
        GgufHeader header = GgufHeader.read(opened);
        add(opened, header.entries(), header.dataStart());
        return header.metadata();
    }

    /// Attaches the `mmproj` file beside this one whose rows are as wide as the model, of several the one with the most
    /// similar name.
    public void attachBeside() throws CheckpointException {
        String key = metadata.has("general.architecture") ? metadata.string("general.architecture")
                + ".embedding_length" : "";
        if (!metadata.has(key) || isProjector(origin())) {
            return;
        }
        long width = metadata.integer(key);
        for (Path file : projectorsBeside()) {
            try (MappedFile other = MappedFile.open(file)) {
                if (GgufHeader.read(other).entries().stream().filter(entry -> entry.name().startsWith("mm."))
                        .anyMatch(entry -> Arrays.stream(entry.shape()).anyMatch(side -> side == width))) {
                    attach(file, false);
                    return;
                }
            } catch (CheckpointException e) {
                // A file that cannot be read is none of this model's; named by the user, it is an error.
                continue;
            }
        }
    }

    private List<Path> projectorsBeside() {
        String own = origin().getFileName().toString().toLowerCase(Locale.ROOT);
        try (Stream<Path> files = Files.list(origin().toAbsolutePath().getParent())) {
            return files.filter(GgufCheckpoint::isProjector).sorted(Comparator.comparingInt((Path f) ->
                    -alike(own, f.getFileName().toString())).thenComparing(Path::getFileName)).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /// Whether a file is an encoder of pictures or sounds (`mmproj`), by its name or else by its architecture, `clip`.
    public static boolean isProjector(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".gguf") || name.contains("mmproj")) {
            return name.endsWith(".gguf");
        }
        try (MappedFile mapped = MappedFile.open(file)) {
            return GgufHeader.architecture(mapped).equals("clip");
        } catch (CheckpointException e) {
            // Whoever opens the file says what is wrong with it.
            return false;
        }
    }

    /// The length of the beginning that the names have in common without `mmproj`.
    private static int alike(String model, String projector) {
        String bare = projector.toLowerCase(Locale.ROOT).replaceAll("[-_.]?mmproj[-_.]?", "");
        int same = 0;
        while (same < Math.min(model.length(), bare.length()) && model.charAt(same) == bare.charAt(same)) {
            same++;
        }
        return same;
    }

    /// Opens the file of the encoder of pictures, which is closed with this one. Its tensors are not among those of
    /// this file before [#join].
    ///
    /// @throws CheckpointException if it violates the format
    public void attach(Path file) throws CheckpointException {
        attach(file, true);
    }

    private void attach(Path file, boolean isNamed) throws CheckpointException {
        MappedFile opened = file(file);
        GgufHeader header = GgufHeader.read(opened);
        projector = Optional.of(new Projector(opened, header.metadata(), tensors(opened, header.entries(),
                header.dataStart()), isNamed));
    }

    /// The file of the encoder of pictures.
    public Optional<Projector> projector() {
        return projector;
    }

    /// Adds the tensors of the encoder to those of this file.
    ///
    /// @throws CheckpointException if there are tensors of these names
    public void join(Map<String, Tensor> encoder) throws CheckpointException {
        for (Map.Entry<String, Tensor> entry : encoder.entrySet()) {
            add(projector.orElseThrow().file(), entry.getKey(), entry.getValue());
        }
        joined.addAll(encoder.keySet());
    }

    /// Adds lists of numbers in the metadata as vectors; a number stands for a list of it.
    ///
    /// @param count the number of numbers of each
    /// @throws CheckpointException if a list has another length
    public void addLists(Predicate<String> names, int count, Arena arena) throws CheckpointException {
        for (String key : metadata.keys().stream().filter(names).toList()) {
            float[] numbers = new float[count];
            if (metadata.value(key).kind() == GgufKind.ARRAY) {
                numbers = metadata.floats(key);
            } else {
                Arrays.fill(numbers, (float) metadata.real(key));
            }
            if (numbers.length != count) {
                throw new CheckpointException(origin(), "metadata key " + key, "has " + numbers.length
                        + " numbers for " + count + " layers");
            }
            add(file, key, Tensor.of(arena, numbers, count));
            joined.add(key);
        }
    }

    /// The names of the tensors that were added, which are not in this file.
    public Set<String> joined() {
        return Collections.unmodifiableSet(joined);
    }

    /// The metadata of the file or of the first shard.
    public GgufMetadata metadata() {
        return metadata;
    }

    /// The shards of a split model: files `<prefix>-00001-of-00003.gguf`, each with `split.no` (from 0) and
    /// `split.count` in its metadata, the first with `split.tensors.count` for all of them.
    ///
    /// @param first the first shard
    /// @param prefix the common prefix of the names
    /// @param numTensors in all shards, or -1 if not stated
    record GgufSplit(Path first, String prefix, int numParts, long numTensors) {
        private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.DOTALL);
        private static final String NUMBER = "split.no";
        private static final String COUNT = "split.count";
        private static final String NUM_TENSORS = "split.tensors.count";
        private static final int MAX_PARTS = 65_535;

        /// @throws CheckpointException if this is not the first shard, or name and metadata contradict each other
        static GgufSplit of(Path path, GgufMetadata metadata) throws CheckpointException {
            if (!metadata.has(COUNT) && !path.getFileName().toString().contains("-of-")) {
                return new GgufSplit(path, "", 1, -1);
            }
            Matcher name = NAME.matcher(path.getFileName().toString());
            long named = name.matches() ? Integer.parseInt(name.group(3)) : 1;
            long count = metadata.has(COUNT) ? metadata.integer(COUNT) : 1;
            if (count < 1 || count > MAX_PARTS) {
                throw error(path, COUNT, "found " + count + ", expected 1 to " + MAX_PARTS);
            }
            if (count != named) {
                throw error(path, COUNT, "found " + (metadata.has(COUNT) ? count + " shards" : "no number of shards")
                        + ", expected " + named + " as in the file name; shards are named …-00001-of-"
                        + String.format(Locale.ROOT, "%05d", Math.max(count, named)) + ".gguf");
            }
            if (count == 1) {
                return new GgufSplit(path, "", 1, -1);
            }
            GgufSplit split = new GgufSplit(path, name.group(1), (int) count,
                    metadata.has(NUM_TENSORS) ? metadata.integer(NUM_TENSORS) : -1);
            if (Integer.parseInt(name.group(2)) != 1) {
                throw new CheckpointException(path, "", "is shard " + name.group(2) + " of " + count
                        + "; open the first, " + split.path(0).getFileName());
            }
            split.checkPart(0, metadata);
            for (int part = 1; part < count; part++) {
                if (!Files.exists(split.path(part))) {
                    throw new CheckpointException(split.path(part), "", "is missing, shard " + (part + 1) + " of "
                            + count
                            + " of " + path.getFileName());
                }
            }
            return split;
        }

        /// The file of a shard, counted from 0.
        Path path(int part) {
            return first.resolveSibling(String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, part + 1, numParts));
        }

        /// Checks the metadata of a shard.
        void checkPart(int part, GgufMetadata metadata) throws CheckpointException {
            if (metadata.integer(NUMBER) != part) {
                throw error(path(part), NUMBER, "found " + metadata.integer(NUMBER) + ", expected " + part);
            }
            if (metadata.integer(COUNT) != numParts) {
                throw error(path(part), COUNT, "found " + metadata.integer(COUNT) + ", expected " + numParts
                        + " as in the first shard");
            }
        }

        void checkNumTensors(int found) throws CheckpointException {
            if (numTensors >= 0 && numTensors != found) {
                throw error(first, NUM_TENSORS, "found " + found + " tensors in all shards, expected " + numTensors);
            }
        }

        private static CheckpointException error(Path path, String key, String problem) {
            return new CheckpointException(path, "metadata key " + key, problem);
        }
    }
}

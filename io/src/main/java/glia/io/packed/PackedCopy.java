package glia.io.packed;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import java.io.File;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/// A cache file with the packed weights of one checkpoint, which the next start maps instead of packing them again. The
/// file is GGUF: a byte tensor for each packed weight, and a description of the checkpoint's files. A cached file with
/// any mismatch is ignored and replaced.
///
/// `kept` and `converted` must be called by one thread.
public final class PackedCopy implements PackedWeightStore, AutoCloseable {
    /// Fewer bytes are packed faster than a file pays off.
    private static final long MIN_BYTES = Long.getLong("glia.packed.least", 32 << 20);
    private static final int ALIGNMENT = 64;
    private static final String ARCHITECTURE = "glia-packed-weights";
    private static final String FILES = "glia.packed.sound";
    private static final String PATHS = "glia.packed.paths";
    /// The longest wait of [#close] for a file that is being written.
    private static final int MAX_WAIT_MILLIS = 5000;

    private final List<Checkpoint.Source> sources;
    private final PackedFolder folder;
    private final Path file;
    private final String description;
    private final GgufCheckpoint kept;
    private final Map<String, Tensor> packed = new LinkedHashMap<>();
    private long newBytes;
    private long convertedBytes;
    private long roomBytes = Long.MAX_VALUE;
    private LongConsumer listener = _ -> { };
    private Thread writer;

    private PackedCopy(List<Checkpoint.Source> sources, PackedFolder folder, Path file, String description,
            GgufCheckpoint kept) {
        this.sources = sources;
        this.folder = folder;
        this.file = file;
        this.description = description;
        this.kept = kept;
    }

    /// The copy of a checkpoint, which must stay open as long as the copy.
    ///
    /// @param folder the folder of the copies; empty to cache nothing
    public static PackedCopy of(Checkpoint checkpoint, Optional<PackedFolder> folder) {
        List<Checkpoint.Source> sources = checkpoint.sources();
        if (folder.isEmpty() || sources.isEmpty() || checkpoint.sizeBytes() < MIN_BYTES) {
            return new PackedCopy(List.of(), null, null, "", null);
        }
        List<Path> paths = sources.stream().map(Checkpoint.Source::path).toList();
        Path file = folder.get().file(paths);
        String description = PackedFolder.describe(paths);
        return new PackedCopy(sources, folder.get(), file, description, open(file, description));
    }

    /// The cached file if it matches the description, else null.
    private static GgufCheckpoint open(Path file, String description) {
        if (!file.toFile().exists()) {
            return null;
        }
        try {
            GgufCheckpoint copy = GgufCheckpoint.open(file);
            if (copy.metadata().has(FILES) && description.equals(copy.metadata().raw(FILES))) {
                PackedFolder.touch(file);
                return copy;
            }
            copy.close();
        } catch (CheckpointException e) {
            // Damaged, or of another program: it is written again.
        }
        return null;
    }

    /// Deletes the copies of checkpoints that no longer exist, and damaged copies.
    ///
    /// @return bytes freed
    public static long sweep(PackedFolder folder) {
        long bytes = 0;
        for (Path file : folder.copies()) {
            boolean isNeeded = false;
            try (GgufCheckpoint copy = GgufCheckpoint.open(file)) {
                isNeeded = copy.metadata().has(PATHS)
                        && Arrays.stream(copy.metadata().strings(PATHS)).allMatch(path -> new File(path).exists());
            } catch (CheckpointException e) {
                // Damaged.
            }
            if (!isNeeded) {
                bytes += file.toFile().length();
                file.toFile().delete();
            }
        }
        return bytes;
    }

    /// Whether a cached file of this checkpoint was found.
    public boolean isThere() {
        return kept != null;
    }

    /// Sets a listener that receives the size of each weight that is packed or found.
    public void onConversion(LongConsumer bytes) {
        listener = bytes;
    }

    @Override
    public MemorySegment find(Matrix w, String form, long sizeBytes) {
        String name = kept == null ? null : name(w, form);
        if (name == null || !kept.names().contains(name)) {
            return null;
        }
        Tensor tensor = tensor(name);
        if (tensor.memory().byteSize() != sizeBytes || tensor.address() % ALIGNMENT != 0) {
            return null;
        }
        packed.put(name, tensor);
        listener.accept(sizeBytes);
        return tensor.memory();
    }

    private Tensor tensor(String name) {
        try {
            return kept.tensor(name);
        } catch (CheckpointException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Sets the memory limit for optional packed forms.
    public void room(long sizeBytes) {
        roomBytes = sizeBytes;
    }

    @Override
    public boolean hasRoom(long sizeBytes) {
        return convertedBytes + sizeBytes <= roomBytes;
    }

    @Override
    public boolean offer(Matrix w, String form, MemorySegment panels) {
        listener.accept(panels.byteSize());
        convertedBytes += panels.byteSize();
        String name = folder == null ? null : name(w, form);
        if (name != null) {
            packed.put(name, Tensor.of(DType.I8, panels, panels.byteSize()));
            newBytes += panels.byteSize();
        }
        return name != null;
    }

    /// A key of file, offset, shape and form of a weight; null if it is not in one of the files or was updated.
    private String name(Matrix w, String form) {
        if (w instanceof Tensor t && t.version() == 0) {
            for (int i = 0; i < sources.size(); i++) {
                MemorySegment memory = sources.get(i).memory();
                long at = t.address() - memory.address();
                if (at >= 0 && at < memory.byteSize()) {
                    return form + " " + i + ":" + at + " " + t.rows() + "x" + t.cols();
                }
            }
        }
        return null;
    }

    /// Writes the weights packed so far on a background thread, if they are large enough and the disk has room.
    ///
    /// @param isSound waits for the check of the rest of the checkpoint; the file is written only if that is valid
    public void save(BooleanSupplier isSound) {
        if (folder == null || newBytes < MIN_BYTES) {
            return;
        }
        Map<String, Tensor> contents = new LinkedHashMap<>(packed);
        writer = Thread.ofPlatform().daemon().name("glia-packed").priority(Thread.MIN_PRIORITY)
                .start(() -> {
                    if (isSound.getAsBoolean()) {
                        write(contents);
                    }
                });
    }

    private void write(Map<String, Tensor> contents) {
        long bytes = contents.values().stream().mapToLong(Tensor::sizeBytes).sum();
        try {
            sweep(folder);
            if (folder.makeRoom(file, bytes)) {
                Map<String, Object> metadata = new LinkedHashMap<>();
                metadata.put("general.architecture", ARCHITECTURE);
                metadata.put("general.alignment", ALIGNMENT);
                metadata.put(FILES, description);
                metadata.put(PATHS, sources.stream().map(source -> source.path().toAbsolutePath().toString())
                        .toArray(String[]::new));
                GgufWriter.writeInHugePages(file, GgufMetadata.of(file, metadata), contents);
            }
        } catch (CheckpointException | IllegalStateException e) {
            // The disk is full, the folder is not writable, or the program ended: weights are packed again next time.
        }
    }

    /// Waits for a file that is being written, at most five seconds, then abandons it.
    @Override
    public void close() {
        if (writer != null) {
            try {
                writer.join(MAX_WAIT_MILLIS);
                writer.interrupt();
                writer.join(MAX_WAIT_MILLIS);
            } catch (InterruptedException e) {
                writer.interrupt();
                Thread.currentThread().interrupt();
            }
        }
        if (kept != null) {
            kept.close();
        }
    }
}

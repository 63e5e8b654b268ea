package glia.io.file;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Base class of checkpoints: the tensors of one or more mapped files by name. It owns the files.
public abstract class MappedCheckpoint implements Checkpoint {
    private static final int NUM_SUGGESTIONS = 3;
    private static final String INDEX_SUFFIX = ".index.json";

    private final Path origin;
    private final List<MappedFile> files = new ArrayList<>();
    private final List<Source> sources = new ArrayList<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, MappedFile> owners = new LinkedHashMap<>();
    private volatile boolean closed;

    /// @param origin the file or folder that messages name
    protected MappedCheckpoint(Path origin) {
        this.origin = origin;
    }

    /// Opens a file, which is closed together with this checkpoint.
    ///
    /// @throws CheckpointException if it cannot be opened
    protected final MappedFile file(Path path) throws CheckpointException {
        files.add(MappedFile.open(path));
        return files.getLast();
    }

    /// Opens a file, or all files of an index (`….index.json`). Closes the checkpoint if one of them is wrong.
    ///
    /// @param suffix of the names of an index's files
    /// @param add opens a file and adds its tensors
    protected final void open(Path file, String suffix, Addition add) throws CheckpointException {
        try {
            if (!file.getFileName().toString().endsWith(INDEX_SUFFIX)) {
                add.of(file);
                return;
            }
            ShardIndex index = ShardIndex.read(file, suffix);
            for (String shard : index.files()) {
                add.of(file.resolveSibling(shard));
            }
            index.checkAgainst(this);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /// Opens a file and adds its tensors.
    protected interface Addition {
        /// Of this file.
        void of(Path file) throws CheckpointException;
    }

    /// Maps one of the files and adds its tensors.
    ///
    /// @param entries already checked to lie inside the file
    /// @param dataStart the file offset to which the entries' offsets are relative
    /// @throws CheckpointException if another file has a tensor of the same name
    protected final void add(MappedFile file, List<TensorEntry> entries, long dataStart) throws CheckpointException {
        for (Map.Entry<String, Tensor> entry : tensors(file, entries, dataStart).entrySet()) {
            add(file, entry.getKey(), entry.getValue());
        }
    }

    /// Maps one of the files and returns its tensors.
    ///
    /// @param entries already checked to lie inside the file, of names of their own
    protected final Map<String, Tensor> tensors(MappedFile file, List<TensorEntry> entries, long dataStart)
            throws CheckpointException {
        MemorySegment memory = file.map();
        sources.add(new Source(file.path(), memory));
        Map<String, Tensor> found = new LinkedHashMap<>();
        for (TensorEntry entry : entries) {
            // A scale may follow the values.
            MemorySegment part = memory.asSlice(dataStart + entry.begin(),
                    TensorEntry.sizeBytes(file.path(), entry.name(), entry.dtype(), entry.shape()));
            found.put(entry.name(), Tensor.of(entry.dtype(), part, entry.shape()));
        }
        return found;
    }

    /// Adds a tensor of one of the files.
    ///
    /// @throws CheckpointException if another file has a tensor of the same name
    protected final void add(MappedFile file, String name, Tensor tensor) throws CheckpointException {
        MappedFile other = owners.putIfAbsent(name, file);
        if (other != null) {
            throw new CheckpointException(file.path(), TensorEntry.where(name),
                    "is there twice, also in " + other.path().getFileName());
        }
        tensors.put(name, tensor);
    }

    @Override
    public final Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    /// The file that holds this tensor, or null if there is none.
    public final Path fileOf(String name) {
        MappedFile owner = owners.get(name);
        return owner == null ? null : owner.path();
    }

    @Override
    public final Tensor tensor(String name) throws CheckpointException {
        requireOpen();
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException(origin, TensorEntry.where(name), "is missing; " + suggestions(name));
        }
        return tensor;
    }

    /// The file or folder that messages name.
    protected final Path origin() {
        return origin;
    }

    @Override
    public final long sizeBytes() {
        return files.stream().mapToLong(MappedFile::sizeBytes).sum();
    }

    @Override
    public final List<Source> sources() {
        requireOpen();
        return Collections.unmodifiableList(sources);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(DisplayText.escape(origin.toString())
                    + " is closed: its tensors can be used only while the checkpoint is open");
        }
    }

    @Override
    public final void close() {
        closed = true;
        for (MappedFile file : files) {
            file.close();
        }
    }

    private String suggestions(String name) {
        if (tensors.isEmpty()) {
            return "the file holds no tensors";
        }
        List<String> closest = tensors.keySet().stream()
                .sorted(Comparator.comparingInt(other -> -likeness(name, other))).limit(NUM_SUGGESTIONS).toList();
        return "the closest of " + tensors.size() + " tensors: " + String.join(", ", closest);
    }

    /// The length of the common beginning and the common end.
    private static int likeness(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        int front = 0;
        while (front < shorter && a.charAt(front) == b.charAt(front)) {
            front++;
        }
        int back = 0;
        while (back < shorter - front && a.charAt(a.length() - 1 - back) == b.charAt(b.length() - 1 - back)) {
            back++;
        }
        return front + back;
    }
}

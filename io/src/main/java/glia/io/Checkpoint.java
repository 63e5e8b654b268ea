package glia.io;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Tensors by name, memory-mapped from one or more files. Pages are read when they are first accessed; nothing is
/// copied.
///
/// Tensors are valid until the checkpoint is closed. Closing twice has no effect; after closing, [#tensor] and
/// [#sources] throw `IllegalStateException`. A tensor obtained before must not be used any more: access by
/// [MemorySegment] throws `IllegalStateException`, but kernels work on addresses and do not check.
public interface Checkpoint extends AutoCloseable {
    /// The names of all tensors, in the order of the file.
    Set<String> names();

    /// The tensor of this name.
    ///
    /// @throws CheckpointException if there is none; the message lists similar names
    /// @throws IllegalStateException if the checkpoint is closed
    Tensor tensor(String name) throws CheckpointException;

    /// The total size of the files.
    long sizeBytes();

    /// The files; empty for tensors that come from elsewhere.
    ///
    /// @throws IllegalStateException if the checkpoint is closed
    default List<Source> sources() {
        return List.of();
    }

    /// The tensors whose names begin with a prefix, without it. Closing them closes the whole checkpoint.
    default Checkpoint part(String prefix) {
        Checkpoint whole = this;
        return new Checkpoint() {
            @Override
            public Set<String> names() {
                return whole.names().stream().filter(name -> name.startsWith(prefix))
                        .map(name -> name.substring(prefix.length()))
                        .collect(Collectors.toCollection(LinkedHashSet::new));
            }

            @Override
            public Tensor tensor(String name) throws CheckpointException {
                return whole.tensor(prefix + name);
            }

            @Override
            public long sizeBytes() {
                return whole.sizeBytes();
            }

            @Override
            public void close() {
                whole.close();
            }
        };
    }

    /// A mapped file.
    ///
    /// @param memory the whole file
    record Source(Path path, MemorySegment memory) { }

    @Override
    void close();
}

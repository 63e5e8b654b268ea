package glia.io;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Names and the tensors behind them, mapped from one or more files: nothing is read until it is touched and nothing
/// is copied. Tensors are valid until the checkpoint is closed.
public interface Checkpoint extends AutoCloseable {
    /// The names of all tensors, in the order of the file.
    Set<String> names();

    /// The tensor of this name.
    ///
    /// @throws CheckpointException if there is none; the message lists names that come close
    Tensor tensor(String name) throws CheckpointException;

    /// Bytes of the files.
    long sizeBytes();

    /// The files; none where tensors come from somewhere else.
    default List<Source> sources() {
        return List.of();
    }

    /// A file.
    ///
    /// @param memory all of it, mapped
    record Source(Path path, MemorySegment memory) { }

    @Override
    void close();
}

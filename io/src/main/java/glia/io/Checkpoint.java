package glia.io;

import glia.tensor.Tensor;
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

    @Override
    void close();
}

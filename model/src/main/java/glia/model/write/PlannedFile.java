package glia.model.write;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/// A file before it is written, with what a GGUF form reads for its config: tensor names, shapes, and the values of
/// tensors without parameters.
///
/// @param further the tensors without parameters
record PlannedFile(Path file, Places places, Map<String, float[]> further, Arena arena)
        implements Checkpoint {
    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(places.names());
        names.addAll(further.keySet());
        return names;
    }

    /// A tensor of the right shape; its values are valid only if it holds no parameter.
    @Override
    public Tensor tensor(String name) throws CheckpointException {
        if (further.containsKey(name)) {
            return Tensor.of(arena, further.get(name), further.get(name).length);
        }
        long[] shape = places.shapes().get(name);
        if (shape == null) {
            throw new CheckpointException(file, name, "there will be no such tensor");
        }
        // One byte a number: nothing reads them.
        return Tensor.allocate(arena, DType.U8, shape);
    }

    @Override
    public long sizeBytes() {
        return 0;
    }

    @Override
    public void close() { }
}

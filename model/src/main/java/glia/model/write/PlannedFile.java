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

/// A file before it is written, as far as a form asks for when it reads a config: names, shapes, and the numbers of
/// tensors in which no parameter lies.
///
/// @param further those tensors
record PlannedFile(Path file, Places places, Map<String, float[]> further, Arena arena)
        implements Checkpoint {
    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(places.names());
        names.addAll(further.keySet());
        return names;
    }

    /// A tensor of the right shape; its numbers count only where no parameter lies in it.
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

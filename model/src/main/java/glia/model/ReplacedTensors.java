package glia.model;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A checkpoint without some of its tensors and with others in memory.
final class ReplacedTensors implements Checkpoint {
    private final Checkpoint base;
    private final Map<String, Tensor> added;
    private final Set<String> names;

    ReplacedTensors(Checkpoint base, Set<String> removed, Map<String, Tensor> added) {
        this.base = base;
        this.added = added;
        Set<String> all = new LinkedHashSet<>(base.names());
        all.removeAll(removed);
        all.addAll(added.keySet());
        names = Collections.unmodifiableSet(all);
    }

    /// Whether a tensor is one of those in memory.
    boolean isAdded(String name) {
        return added.containsKey(name);
    }

    @Override
    public Set<String> names() {
        return names;
    }

    @Override
    public Tensor tensor(String name) throws CheckpointException {
        return added.containsKey(name) ? added.get(name) : base.tensor(name);
    }

    @Override
    public long sizeBytes() {
        return base.sizeBytes();
    }

    @Override
    public List<Source> sources() {
        return base.sources();
    }

    @Override
    public void close() {
        base.close();
    }
}

package glia.model.quant;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The tensors of a checkpoint under the names of the unquantized checkpoint: the codes, scales and zero points of a
/// quantized weight appear as one tensor `….weight`. So families do not depend on quantization.
public final class StoredTensors {
    private final Checkpoint checkpoint;
    private final Set<String> names;
    private final Map<String, PackedTensor> packed;

    private StoredTensors(Checkpoint checkpoint, Set<String> names, Map<String, PackedTensor> packed) {
        this.checkpoint = checkpoint;
        this.names = names;
        this.packed = packed;
    }

    /// The tensors of an unquantized checkpoint.
    public static StoredTensors plain(Checkpoint checkpoint) {
        return new StoredTensors(checkpoint, checkpoint.names(), Map.of());
    }

    /// The tensors of a GGUF file.
    ///
    /// @throws CheckpointException if second scales of NVFP4 have wrong shapes
    public static StoredTensors gguf(Path path, Checkpoint checkpoint) throws CheckpointException {
        Set<String> names = new LinkedHashSet<>(checkpoint.names());
        Map<String, PackedTensor> packed = NvFp4.read(path, checkpoint, names);
        return new StoredTensors(checkpoint, Collections.unmodifiableSet(names), packed);
    }

    /// The tensors of a checkpoint with a `quantization_config`.
    ///
    /// @param path of the checkpoint, for messages
    /// @param config the whole of config.json
    /// @throws CheckpointException if the quantization is not supported, or tensors are missing or have wrong shapes
    public static StoredTensors of(Path path, Checkpoint checkpoint, Config config) throws CheckpointException {
        Optional<Packing> packing = Packings.of(config);
        if (packing.isEmpty()) {
            return plain(checkpoint);
        }
        Parts parts = new Parts(path, checkpoint);
        Map<String, PackedTensor> packed = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            Optional<String> weight = packing.get().weight(name, parts);
            if (weight.isPresent()) {
                packed.put(weight.get(), packing.get().read(name, parts));
            }
        }
        Set<String> names = new LinkedHashSet<>();
        for (String name : checkpoint.names()) {
            if (!parts.used().contains(name) && !packing.get().isOfActivations(name)) {
                names.add(name);
            }
        }
        names.addAll(packed.keySet());
        return new StoredTensors(checkpoint, Collections.unmodifiableSet(names), packed);
    }

    /// The names of all tensors.
    public Set<String> names() {
        return names;
    }

    /// The stored tensor of this name.
    ///
    /// @throws CheckpointException if there is none
    public Tensor tensor(String name) throws CheckpointException {
        return checkpoint.tensor(name);
    }

    /// The names of all quantized weights.
    public Set<String> packed() {
        return Collections.unmodifiableSet(packed.keySet());
    }

    /// The weight of this name, if it is quantized.
    public Optional<PackedTensor> packed(String name) {
        return Optional.ofNullable(packed.get(name));
    }

    /// The shape of a tensor or of a quantized weight.
    ///
    /// @throws CheckpointException if there is none of this name
    public long[] shape(String name) throws CheckpointException {
        PackedTensor p = packed.get(name);
        return p != null ? p.shape().clone() : checkpoint.tensor(name).shape();
    }
}

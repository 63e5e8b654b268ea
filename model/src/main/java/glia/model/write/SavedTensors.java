package glia.model.write;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The tensors of a model's checkpoint with the current weights, under the same names, shapes and types. Tensors
/// without parameters are unchanged. A changed tensor keeps its type if that holds all of its values, else it becomes
/// F32.
///
/// Quantized weights stay quantized, unless all of them were changed; then plain tensors replace them.
record SavedTensors(Model model, Weights weights, Arena arena) {
    /// All tensors of the checkpoint with the current weights.
    Map<String, Tensor> all() throws CheckpointException {
        Checkpoint checkpoint = model.checkpoint();
        Map<String, List<Parameter>> changed = new LinkedHashMap<>();
        for (Parameter p : model.sources().keySet()) {
            if (isChanged(p) || isTernary(checkpoint, model.storedName(p))) {
                changed.computeIfAbsent(model.storedName(p), name -> new ArrayList<>()).add(p);
            }
        }
        boolean unpacks = unpacks();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : unpacks ? model.tensors().names() : checkpoint.names()) {
            if (model.tensors().packed(name).isPresent() && changed.containsKey(name)) {
                Tensor wide = Tensor.allocate(arena, DType.F32, model.tensors().shape(name));
                tensors.put(name, filled(wide, changed.get(name)));
            } else {
                Tensor stored = checkpoint.tensor(name);
                tensors.put(name, changed.containsKey(name) ? rebuilt(stored, changed.get(name)) : stored);
            }
        }
        model.otherHead().ifPresent(head ->
                tensors.put(head, tensors.get(model.storedName(Parameter.of(Role.EMBEDDING)))));
        return tensors;
    }

    /// Whether a tensor of a GGUF file has a type that is not written.
    private static boolean isTernary(Checkpoint checkpoint, String name) throws CheckpointException {
        return checkpoint instanceof GgufCheckpoint && checkpoint.tensor(name).dtype() == DType.U8;
    }

    /// The names of the tensors that hold matrices.
    Set<String> matrices() {
        Set<String> names = new LinkedHashSet<>();
        model.sources().keySet().forEach(p -> {
            if (weights.get(p).shape().length > 1) {
                names.add(model.storedName(p));
            }
        });
        return names;
    }

    /// Whether plain tensors replace quantized ones.
    ///
    /// @throws IllegalArgumentException if that is so for some and not for others
    boolean unpacks() {
        Parameter unpacked = null;
        Parameter packed = null;
        for (Parameter p : model.sources().keySet()) {
            if (model.tensors().packed(model.storedName(p)).isPresent()) {
                if (isChanged(p)) {
                    unpacked = p;
                } else {
                    packed = p;
                }
            }
        }
        if (unpacked != null && packed != null) {
            throw new IllegalArgumentException(unpacked + " has numbers of its own in place of packed ones, and "
                    + packed + " is packed as " + weights.get(packed).format() + ": a folder holds all of them packed "
                    + "or none; copy all packed weights to change one");
        }
        return unpacked != null;
    }

    /// Whether a parameter may differ from the file. Mapped memory is read-only.
    boolean isChanged(Parameter p) {
        Weight before = model.madeWith().get(p);
        Weight now = weights.get(p);
        if (!Arrays.equals(before.shape(), now.shape())) {
            throw new IllegalArgumentException(p + " has shape " + Arrays.toString(now.shape()) + ", the model's is "
                    + Arrays.toString(before.shape()));
        }
        return switch (before) {
            case Weight.Quantized coded -> now != before;
            case Weight.Deferred deferred -> now != before;
            case Weight.Stored stored -> now != before || !stored.tensor().memory().isMapped();
            case LowRank adapted -> true;
        };
    }

    private Tensor rebuilt(Tensor stored, List<Parameter> parameters) {
        if (stored.dtype() == DType.I64) {
            Tensor numbers = filled(Tensor.allocate(arena, DType.F32, stored.shape()), parameters);
            return holds(stored, numbers) ? stored : numbers;
        }
        Tensor wide = filled(Decode.widen(stored, arena), parameters);
        if (stored.dtype() == DType.F32 || !Encode.writes(stored.dtype())) {
            return wide;
        }
        Tensor narrow = Encode.narrow(wide, stored.dtype(), arena);
        return Decode.widen(narrow, arena).memory().mismatch(wide.memory()) == -1 ? narrow : wide;
    }

    /// Whether integers are the values of an F32 tensor.
    private static boolean holds(Tensor integers, Tensor numbers) {
        for (long i = 0; i < numbers.size(); i++) {
            if (integers.memory().get(Memory.I64, 8 * i) != numbers.get(i)) {
                return false;
            }
        }
        return true;
    }

    /// Writes parameters into their tensor.
    Tensor filled(Tensor wide, List<Parameter> parameters) {
        for (Parameter p : parameters) {
            try (Arena scratch = Arena.ofConfined()) {
                Tensor numbers = ExpandedLatents.Unpacked.tensor(weights.get(p), scratch);
                model.sources().get(p).write(numbers.dtype() == DType.F32 ? numbers : Decode.widen(numbers, scratch),
                        wide);
            }
        }
        return wide;
    }
}

package glia.model.write;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The tensors of a model's own checkpoint with the numbers of weights: under the names, in the shapes and types that
/// they were read from, through the same `Source` expressions. What no parameter lies in is left as it was. A changed
/// tensor keeps its type if that holds all of its numbers, else it becomes F32.
record SavedTensors(Model model, Weights weights, Arena arena) {
    /// All tensors of the checkpoint, with the numbers of the weights.
    Map<String, Tensor> all() throws CheckpointException {
        Checkpoint checkpoint = model.checkpoint();
        Map<String, List<Parameter>> changed = new LinkedHashMap<>();
        for (Parameter p : model.sources().keySet()) {
            if (isChanged(p)) {
                changed.computeIfAbsent(model.storedName(p), name -> new ArrayList<>()).add(p);
            }
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            Tensor stored = checkpoint.tensor(name);
            tensors.put(name, changed.containsKey(name) ? rebuilt(stored, changed.get(name)) : stored);
        }
        model.otherHead().ifPresent(head ->
                tensors.put(head, tensors.get(model.storedName(Parameter.of(Role.EMBEDDING)))));
        return tensors;
    }

    /// Whether a parameter may differ from what the file has. Mapped memory is only read.
    private boolean isChanged(Parameter p) {
        Weight before = model.weights().get(p);
        Weight now = weights.get(p);
        if (!Arrays.equals(before.shape(), now.shape())) {
            throw new IllegalArgumentException(p + " has shape " + Arrays.toString(now.shape()) + ", the model's is "
                    + Arrays.toString(before.shape()));
        }
        return switch (before) {
            case Weight.Coded coded -> {
                if (now != before) {
                    throw new IllegalArgumentException(p + " is packed as " + coded.format()
                            + ", other numbers cannot be put in its place");
                }
                yield false;
            }
            case Weight.Deferred deferred -> now != before;
            case Weight.Stored stored -> now != before || !stored.tensor().memory().isMapped();
        };
    }

    private Tensor rebuilt(Tensor stored, List<Parameter> parameters) {
        Tensor wide = Decode.widen(stored, arena);
        for (Parameter p : parameters) {
            Source source = model.sources().get(p);
            Tensor numbers = Compute.stored(weights.get(p));
            source.write(numbers.dtype() == DType.F32 ? numbers : Decode.widen(numbers, arena), wide);
        }
        if (stored.dtype() == DType.F32 || !Encode.writes(stored.dtype())) {
            return wide;
        }
        Tensor narrow = Encode.narrow(wide, stored.dtype(), arena);
        return Decode.widen(narrow, arena).memory().mismatch(wide.memory()) == -1 ? narrow : wide;
    }
}

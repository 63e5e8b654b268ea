package glia.model.merge;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.file.TensorContent;
import glia.io.load.Checkpoints;
import glia.model.Model;
import glia.model.quant.StoredTensors;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The tensors of several checkpoints with the same names and shapes, merged one at a time.
final class MergedCheckpoints implements AutoCloseable {
    /// An open checkpoint.
    private record Part(Path path, Checkpoint tensors) { }

    private final Model first;
    private final MergeMethod method;
    private final List<Part> parts = new ArrayList<>();

    private MergedCheckpoints(Model first, MergeMethod method) {
        this.first = first;
        this.method = method;
    }

    /// Opens the checkpoints and compares their names and shapes with those of the first model.
    ///
    /// @throws CheckpointException if they differ, or weights are quantized
    static MergedCheckpoints open(Model first, List<Path> models, MergeMethod method) throws CheckpointException {
        MergedCheckpoints all = new MergedCheckpoints(first, method);
        try {
            Path path = first.path().orElseThrow();
            requirePlain(path, first.tensors());
            for (Path model : models) {
                Checkpoint tensors = Checkpoints.open(model);
                all.parts.add(new Part(model, tensors));
                requireSame(path, first.checkpoint(), model, tensors);
            }
            return all;
        } catch (CheckpointException | RuntimeException e) {
            all.close();
            throw e;
        }
    }

    private static void requirePlain(Path path, StoredTensors tensors) throws CheckpointException {
        if (!tensors.packed().isEmpty()) {
            throw new CheckpointException(path, tensors.packed().iterator().next(), "is quantized; merge models with"
                    + " plain weights (glia convert --type bf16 makes them)");
        }
    }

    private static void requireSame(Path firstPath, Checkpoint first, Path path, Checkpoint other)
            throws CheckpointException {
        Set<String> missing = new LinkedHashSet<>(first.names());
        missing.removeAll(other.names());
        Set<String> more = new LinkedHashSet<>(other.names());
        more.removeAll(first.names());
        if (!missing.isEmpty() || !more.isEmpty()) {
            boolean isMissing = !missing.isEmpty();
            throw new CheckpointException(path, isMissing ? missing.iterator().next() : more.iterator().next(),
                    (isMissing ? "is missing; " : "is in this model alone; not in ") + firstPath
                    + (isMissing ? " has it" : "") + " (" + missing.size() + " tensors are missing, " + more.size()
                    + " more are there); only models of one architecture can be merged");
        }
        for (String name : first.names()) {
            Tensor a = first.tensor(name);
            Tensor b = other.tensor(name);
            if (!Arrays.equals(a.shape(), b.shape())) {
                throw new CheckpointException(path, name, "has shape " + Arrays.toString(b.shape()) + ", in "
                        + firstPath + " " + Arrays.toString(a.shape()) + "; only models of one shape can be merged");
            }
            if (a.dtype().isReal() != b.dtype().isReal()) {
                throw new CheckpointException(path, name, "holds " + b.dtype() + ", in " + firstPath + " "
                        + a.dtype());
            }
        }
    }

    /// The merged tensors, of the types of the first model; block formats become F16.
    Map<String, TensorContent> contents() throws CheckpointException {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        for (String name : first.checkpoint().names()) {
            Tensor stored = first.checkpoint().tensor(name);
            if (!stored.dtype().isReal()) {
                contents.put(name, TensorContent.of(stored));
                continue;
            }
            DType type = stored.dtype().isBlock() || !Encode.writes(stored.dtype()) && stored.dtype() != DType.F32
                    ? DType.F16 : stored.dtype();
            contents.put(name, new TensorContent(type, stored.shape(), scratch -> merged(name, stored, type, scratch)));
        }
        return contents;
    }

    private Tensor merged(String name, Tensor stored, DType type, Arena scratch) {
        try (Arena own = Arena.ofConfined()) {
            List<Tensor> models = new ArrayList<>();
            for (Part part : parts) {
                models.add(finite(part.path, name, Decode.widen(part.tensors.tensor(name), own)));
            }
            Tensor result = method.needsBase()
                    ? finite(first.path().orElseThrow(), name, Decode.widen(stored, scratch))
                    : Tensor.allocate(scratch, DType.F32, stored.shape());
            method.merge(result, models);
            return type == DType.F32 ? result : Encode.narrow(result, type, scratch);
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Tensor finite(Path path, String name, Tensor wide) throws CheckpointException {
        for (long i = 0; i < wide.size(); i++) {
            if (!Float.isFinite(wide.get(i))) {
                throw new CheckpointException(path, name, "holds " + wide.get(i) + " (number " + i
                        + "), expected finite numbers; the model is damaged");
            }
        }
        return wide;
    }

    @Override
    public void close() {
        parts.forEach(part -> part.tensors.close());
    }
}

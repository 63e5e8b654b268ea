package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.file.TensorContent;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The tensors of a model's checkpoint with the current weights, computed one at a time and rounded: a changed tensor
/// keeps its type if that is no block format, else it becomes F16. If a quantized weight of a Hugging Face folder was
/// changed, plain tensors of the config's type replace all of them. Adapters are merged into their base.
public final class RoundedTensors {
    private final Model model;
    private final SavedTensors saved;
    private final Map<String, List<Parameter>> parameters = new LinkedHashMap<>();
    private final Set<String> changed = new LinkedHashSet<>();
    private final boolean unpacks;

    /// @throws IllegalArgumentException if a weight has another shape than the checkpoint's
    public RoundedTensors(Model model) {
        this.model = model;
        saved = new SavedTensors(model, model.weights(), Arena.global());
        for (Parameter p : model.sources().keySet()) {
            String name = model.storedName(p);
            parameters.computeIfAbsent(name, n -> new ArrayList<>()).add(p);
            if (saved.isChanged(p)) {
                changed.add(name);
            }
        }
        unpacks = changed.stream().anyMatch(name -> model.tensors().packed(name).isPresent());
    }

    /// Whether plain tensors replace quantized weights.
    public boolean unpacks() {
        return unpacks;
    }

    /// All tensors, in the order of the checkpoint; the head of a model that was untied comes last.
    ///
    /// @throws CheckpointException if a tensor cannot be read
    public Map<String, TensorContent> contents() throws CheckpointException {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        DType plain = unpacks ? plainType() : DType.F32;
        for (String name : unpacks ? model.tensors().names() : model.checkpoint().names()) {
            if (model.tensors().packed(name).isPresent()) {
                contents.put(name, computed(name, model.tensors().shape(name), plain, false));
            } else {
                Tensor stored = model.checkpoint().tensor(name);
                contents.put(name, !changed.contains(name) ? TensorContent.of(stored)
                        : computed(name, stored.shape(), stored.dtype().isBlock() ? DType.F16 : stored.dtype(), true));
            }
        }
        addHead(contents);
        return contents;
    }

    /// A tied head that the checkpoint holds twice, or one that is not tied any more.
    private void addHead(Map<String, TensorContent> contents) throws CheckpointException {
        if (model.otherHead().isPresent() && !parameters.containsKey(model.otherHead().get())) {
            contents.put(model.otherHead().get(),
                    contents.get(model.storedName(Parameter.of(Role.EMBEDDING))));
        }
        Optional<Parameter> head = model.sources().keySet().stream().filter(p -> p.role() == Role.HEAD).findFirst();
        if (head.isPresent() && !contents.containsKey(model.storedName(head.get()))) {
            String name = model.storedName(head.get());
            DType type = contents.get(model.storedName(Parameter.of(Role.EMBEDDING))).dtype();
            contents.put(name, computed(name, model.weights().get(head.get()).shape(),
                    type.isBlock() ? DType.F16 : type, false));
        }
    }

    /// @param hasMore whether the tensor holds more than its parameters
    private TensorContent computed(String name, long[] shape, DType type, boolean hasMore) {
        return new TensorContent(type, shape, scratch -> {
            try {
                Tensor wide = hasMore ? Decode.widen(model.checkpoint().tensor(name), scratch)
                        : Tensor.allocate(scratch, DType.F32, shape);
                return TypeCast.PLAIN.of(name, -1, saved.filled(wide, parameters.get(name)), type, scratch);
            } catch (CheckpointException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /// The type of the config, in which the model computes where it is not quantized.
    private DType plainType() throws CheckpointException {
        Path path = model.path().orElseThrow();
        Config config = model.config().isPresent() ? model.config().get()
                : Config.read(Folders.ofModel(path).resolve("config.json"));
        String type = config.has("dtype") ? config.text("dtype") : config.text("torch_dtype", "bfloat16");
        return switch (type) {
            case "float16" -> DType.F16;
            case "float32" -> DType.F32;
            default -> DType.BF16;
        };
    }
}

package glia.model.adapter;

import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.spec.Head;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Several adapters of one model over the same base weights, of which each sequence of a batch has one or none. The
/// adapters are numbered from 1 on, in their order; 0 is the base model.
public final class AdapterSet implements AutoCloseable {
    private final Model base;
    private final List<String> names;
    private final List<Adapters> adapters;

    private AdapterSet(Model base, List<String> names, List<Adapters> adapters) {
        this.base = base;
        this.names = names;
        this.adapters = adapters;
    }

    /// Reads adapters.
    ///
    /// @param folders by the adapters' names
    /// @throws CheckpointException if one is invalid, does not fit the model, or trains whole modules (modules_to_save)
    public static AdapterSet read(Model model, Map<String, Path> folders) throws CheckpointException {
        AdapterSet set = new AdapterSet(model, List.copyOf(folders.keySet()), new ArrayList<>());
        try {
            for (Path folder : folders.values()) {
                Adapters read = AdapterFolder.read(model, folder);
                set.adapters.add(read);
                for (Map.Entry<Parameter, Weight> entry : read.all().entrySet()) {
                    if (entry.getKey().role() == Role.HEAD && model.spec().head().matrix() == Head.Matrix.TIED) {
                        throw new CheckpointException(folder, "lm_head", "has an adapter, and the model's head is tied "
                                + "to its embedding; such an adapter cannot be batched with others");
                    }
                    if (!(entry.getValue() instanceof LowRank)) {
                        throw new CheckpointException(folder, model.storedName(entry.getKey()), "is trained as a whole "
                                + "(modules_to_save); such an adapter cannot be batched with others: merge it with "
                                + "`glia merge` and serve the result as a model of its own");
                    }
                }
            }
            return set;
        } catch (CheckpointException | RuntimeException | Error e) {
            set.close();
            throw e;
        }
    }

    /// The model in which each row of a batch has the adapter that `RowAdapters` names; the original is unchanged.
    public Model attach() {
        Map<Parameter, Weight> all = new LinkedHashMap<>();
        for (int i = 0; i < adapters.size(); i++) {
            for (Map.Entry<Parameter, Weight> entry : adapters.get(i).all().entrySet()) {
                LowRank own = (LowRank) entry.getValue();
                all.put(entry.getKey(), own.of(i + 1, all.getOrDefault(entry.getKey(), own.base())));
            }
        }
        return base.with(base.weights().with(all));
    }

    /// The names of the adapters, in the order of their numbers.
    public List<String> names() {
        return names;
    }

    /// The number of an adapter, 1 or more.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public int number(String name) {
        int index = names.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("no adapter '" + name + "'; found " + String.join(", ", names));
        }
        return index + 1;
    }

    /// The model without adapters.
    public Model base() {
        return base;
    }

    /// Frees the adapters; the base stays open.
    @Override
    public void close() {
        adapters.forEach(Adapters::close);
    }
}

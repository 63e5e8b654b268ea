package glia.model.write;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.family.Families;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The places of a model's parameters in a GGUF file of it, which an adapter in that format names.
public final class GgufNames {
    private final GgufForm form;
    private final ModelSpec spec;
    private final HubOrders orders;

    private GgufNames(GgufForm form, ModelSpec spec, HubOrders orders) {
        this.form = form;
        this.spec = spec;
        this.orders = orders;
    }

    /// The places in the model's own file, or in the one that `GgufModelWriter` would write.
    ///
    /// @param file for messages
    /// @throws CheckpointException if GGUF has no architecture for the model
    public static GgufNames of(Model model, Path file) throws CheckpointException {
        if (model.checkpoint() instanceof GgufCheckpoint gguf) {
            return new GgufNames(Families.ofGguf(gguf.metadata()), model.spec(), HubOrders.of(model));
        }
        GgufForm form = GgufModelWriter.form(model, file);
        ModelSpec held = form.held(model.spec().text().withDrafts(List.of()));
        ModelSpec written = GgufModelWriter.planned(model, file, form, held);
        return new GgufNames(form, written, HubOrders.between(held, written, model.weights()));
    }

    /// The values of `general.architecture`, the first is written.
    public List<String> architectures() {
        return form.architectures();
    }

    /// The source of a parameter in the file; empty if the file does not hold it.
    public Optional<Source> source(Parameter p) {
        try {
            return Optional.of(form.source(spec, p).in(Set.of()));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    /// The order of a parameter's rows and columns in the file, relative to the hub's layout; empty if its values
    /// differ otherwise.
    public Optional<HubOrders.Orders> orders(Parameter p, int rows) {
        return orders.of(p, rows);
    }
}

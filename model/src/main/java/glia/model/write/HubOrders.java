package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.family.Families;
import glia.model.layout.GgufForm;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.io.UncheckedIOException;
import java.util.Optional;

/// The order of rows and columns of a model's parameters, relative to the hub's layout. GGUF files have some in another
/// order, such as queries and keys of interleaved RoPE pairs, and some factors folded in.
public final class HubOrders {
    private final Optional<LayoutConversion> conversion;

    private HubOrders(Optional<LayoutConversion> conversion) {
        this.conversion = conversion;
    }

    /// The orders of a parameter.
    ///
    /// @param rows of a matrix, or of a vector
    /// @param columns of a matrix
    public record Orders(Order rows, Order columns) {
        /// The hub's order.
        public static final Orders SAME = new Orders(Order.SAME, Order.SAME);
    }

    /// The orders in a model.
    public static HubOrders of(Model model) {
        if (!(model.checkpoint() instanceof GgufCheckpoint gguf)) {
            return new HubOrders(Optional.empty());
        }
        try {
            GgufForm form = Families.ofGguf(gguf.metadata());
            Config config = Config.of(gguf.metadata().origin(), form.config(gguf.metadata(), gguf));
            ModelSpec hub = Families.spec(config).withHead(model.spec().head());
            return new HubOrders(Optional.of(new LayoutConversion(hub, model.spec(), model.weights())));
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The orders in a layout of a model relative to the hub's.
    static HubOrders between(ModelSpec hub, ModelSpec layout, Weights weights) {
        return new HubOrders(Optional.of(new LayoutConversion(hub, layout, weights)));
    }

    /// The orders of a parameter; empty if its values differ from the hub's by more than order and factors.
    ///
    /// @param rows its rows
    public Optional<Orders> of(Parameter p, int rows) {
        return conversion.isEmpty() ? Optional.of(Orders.SAME) : conversion.get().orders(p, rows);
    }
}

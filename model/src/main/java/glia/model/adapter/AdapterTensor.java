package glia.model.adapter;

import glia.model.layout.Source;
import glia.model.write.Order;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.format.Decode;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A tensor of an adapter file and the trained weights that hold its values: one, or one for each parameter of a fused
/// module.
///
/// @param name the name in the file
/// @param shape the shape in the file
/// @param turns the number of experts whose columns take turns in the file; pieces are those of `[experts, rows, …]`. 1
///     for other tensors
record AdapterTensor(String name, long[] shape, List<Piece> pieces, int turns) {
    AdapterTensor(String name, long[] shape, List<Piece> pieces) {
        this(name, shape, pieces, 1);
    }

    /// A weight that holds a part of the tensor.
    ///
    /// @param place the part, as an expression over the tensor
    /// @param order its order in the model
    record Piece(Weight.Stored weight, Source place, Order order, Order.Axis axis) { }

    /// A new weight with the values of a part of a tensor.
    static Piece piece(Tensor tensor, Source place, Order order, Order.Axis axis, Arena arena) {
        try (Arena scratch = Arena.ofConfined()) {
            Tensor part = Decode.widen(place.read(tensor, scratch, new HashMap<>()), order.isSame() ? arena : scratch);
            return new Piece(new Weight.Stored(order.apply(part, axis, arena)), place, order, axis);
        }
    }

    /// The weights by names under which an optimizer can save their state.
    Map<String, Weight.Stored> weights() {
        if (pieces.size() == 1) {
            return Map.of(name, pieces.getFirst().weight());
        }
        Map<String, Weight.Stored> all = new LinkedHashMap<>();
        for (int i = 0; i < pieces.size(); i++) {
            all.put(name + "." + i, pieces.get(i).weight());
        }
        return all;
    }

    /// The values as in the file, F32.
    Tensor values(Arena arena) {
        Tensor whole = allocate(arena);
        pieces.forEach(p -> p.place.write(p.order.invert(p.weight.tensor(), p.axis, arena), whole));
        return inFile(whole, arena);
    }

    private Tensor allocate(Arena arena) {
        return turns == 1 ? Tensor.allocate(arena, DType.F32, shape)
                : Tensor.allocate(arena, DType.F32, turns, shape[0], shape[1] / turns);
    }

    private Tensor inFile(Tensor whole, Arena arena) {
        return turns == 1 ? whole : StackAdapter.inTurn(whole, shape, arena);
    }

    /// The gradient in the file's shape; zeros for weights without one.
    Tensor gradient(Gradients gradients, Arena arena) {
        Tensor whole = allocate(arena);
        for (Piece p : pieces) {
            Optional<Tensor> g = gradients.find(p.weight);
            g.ifPresent(tensor -> p.place.write(p.order.gradient(tensor, p.axis, arena), whole));
        }
        return inFile(whole, arena);
    }

    @Override
    public String toString() {
        return name + Arrays.toString(shape);
    }
}

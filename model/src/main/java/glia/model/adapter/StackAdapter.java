package glia.model.adapter;

import glia.model.adapter.AdapterBuilder.Factors;
import glia.model.adapter.AdapterModule.Part;
import glia.model.adapter.AdapterTensor.Piece;
import glia.model.adapter.ExpertStacks.ExpertStack;
import glia.model.layout.Source;
import glia.model.spec.Parameter;
import glia.model.write.Order;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The adapter of stacked experts as low-rank adapters of each expert's matrices: of expert e
/// `W + scale · B[:, e::experts] · A[e·r : (e + 1)·r]`.
///
/// @param weights the adapted weights
/// @param tensors the tensors of the file
record StackAdapter(Map<Parameter, Weight> weights, List<AdapterTensor> tensors) {
    private static final Source.Stored WHOLE = new Source.Stored("adapter");

    /// @param name the name in files, with the prefix
    /// @param factors A `[experts·r, K]` and B `[R, r·experts]`
    /// @param base the weights of the model
    static StackAdapter of(ExpertStack stack, String name, Factors factors, float scale,
            Function<Parameter, Weight> base, Arena arena) {
        int rank = Math.toIntExact(factors.a().shape()[0]) / stack.experts();
        List<Piece> ofA = new ArrayList<>();
        List<Piece> ofB = new ArrayList<>();
        Map<Integer, Piece> inputs = new LinkedHashMap<>();
        Map<Parameter, Weight> weights = new LinkedHashMap<>();
        try (Arena scratch = Arena.ofConfined()) {
            Tensor b = stacked(factors.b(), stack.experts(), scratch);
            for (Part part : stack.parts()) {
                int expert = part.parameter().expert();
                Source rows = new Source.Rows(WHOLE, expert * rank, rank, stack.experts() * rank);
                Source slice = new Source.Slice(WHOLE, expert, stack.experts());
                Order columns = part.orders().columns();
                Piece in = inputs.computeIfAbsent(expert, e -> stack.isSwapped()
                        ? AdapterTensor.piece(b, new Source.Transposed(slice), columns, Order.Axis.COLUMNS, arena)
                        : AdapterTensor.piece(factors.a(), rows, columns, Order.Axis.COLUMNS, arena));
                Source place = ExpertStack.on(part.place(), stack.isSwapped() ? new Source.Transposed(rows) : slice);
                Piece out = AdapterTensor.piece(stack.isSwapped() ? factors.a() : b, place, part.orders().rows(),
                        Order.Axis.ROWS, arena);
                (stack.isSwapped() ? ofA : ofB).add(out);
                weights.put(part.parameter(), new LowRank(base.apply(part.parameter()), in.weight(), out.weight(),
                        scale));
            }
        }
        (stack.isSwapped() ? ofB : ofA).addAll(inputs.values());
        return new StackAdapter(weights, List.of(
                new AdapterTensor(name + ".lora_A.weight", factors.a().shape(), ofA),
                new AdapterTensor(name + ".lora_B.weight", factors.b().shape(), ofB, stack.experts())));
    }

    /// `[R, r·experts]`, whose columns take turns, as `[experts, R, r]`.
    static Tensor stacked(Tensor file, int experts, Arena arena) {
        int rows = file.rows();
        int rank = file.cols() / experts;
        Tensor stacked = Tensor.allocate(arena, DType.F32, experts, rows, rank);
        for (long i = 0; i < stacked.size(); i++) {
            stacked.set(i, file.get(place(i, rows, rank, experts)));
        }
        return stacked;
    }

    /// The inverse of `stacked`.
    static Tensor inTurn(Tensor stacked, long[] shape, Arena arena) {
        int experts = Math.toIntExact(stacked.shape()[0]);
        int rows = Math.toIntExact(stacked.shape()[1]);
        int rank = Math.toIntExact(stacked.shape()[2]);
        Tensor file = Tensor.allocate(arena, DType.F32, shape);
        for (long i = 0; i < stacked.size(); i++) {
            file.set(place(i, rows, rank, experts), stacked.get(i));
        }
        return file;
    }

    /// The place in a file of number `i` of a stack.
    private static long place(long i, int rows, int rank, int experts) {
        long expert = i / rank / rows;
        long row = i / rank % rows;
        return (row * rank + i % rank) * experts + expert;
    }
}

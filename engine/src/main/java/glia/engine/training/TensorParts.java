package glia.engine.training;

import glia.model.Model;
import glia.model.spec.Parameter;
import glia.tensor.Tensor;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.TreeProduct;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A model of which each of some ranks has some attention heads and some columns of MLPs in training (tensor
/// parallelism, https://arxiv.org/abs/1909.08053). A rank's part of a weight is a range of its memory: rows, or
/// columns, for which the whole matrix is put into another order, that of its eight parts, `[rows, columns of a part]`
/// each.
public final class TensorParts {
    /// Whether ranks have some rows, some columns or, without a part, all of a weight.
    private record Part(Weight.Stored own, long first, boolean hasColumns, boolean isDivided) { }

    private final Model model;
    private final RankGroup ranks;
    private final Map<Weight, Part> parts = new LinkedHashMap<>();
    private final Map<Weight, Weight> wholes = new LinkedHashMap<>();

    /// @param whole its weights are F32 in memory
    /// @param ranks 1, 2, 4 or 8 of them
    /// @param isSequence whether each has some rows of the residual stream, too
    /// @throws IllegalArgumentException if there are others, or the model has nothing to divide
    public TensorParts(Model whole, RankGroup ranks, boolean isSequence) {
        this.model = whole.dividedForTraining(ranks, isSequence);
        this.ranks = ranks;
        if (model.dividedProducts().sums().isEmpty()) {
            throw new IllegalArgumentException("the model has no attention and no MLP that ranks can divide");
        }
        for (Parameter p : whole.sources().keySet()) {
            Weight w = whole.weights().get(p);
            Weight own = model.weights().get(p);
            wholes.put(own, w);
            if (model.dividedProducts().sums().containsKey(own) || model.dividedProducts().outputs().containsKey(own)
                    || own != w) {
                Weight.Stored stored = (Weight.Stored) own;
                parts.put(w, new Part(stored, (stored.tensor().address() - ((Weight.Stored) w).tensor().address())
                        / Float.BYTES, model.dividedProducts().sums().containsKey(own), own != w));
            }
        }
    }

    /// This rank's part of the model.
    public Model model() {
        return model;
    }

    /// The ranks.
    public RankGroup ranks() {
        return ranks;
    }

    /// The rows of the residual stream that this rank has.
    ///
    /// @param count of all ranks
    int rows(int count) {
        return model.dividedProducts().rows().own(count);
    }

    /// Whether each rank has a part of a weight, and not all of it.
    public boolean isDivided(Weight whole) {
        return parts.containsKey(whole) && parts.get(whole).isDivided;
    }

    /// This rank's part of a weight, or the weight.
    public Weight own(Weight whole) {
        return parts.containsKey(whole) ? parts.get(whole).own : whole;
    }

    /// The weight that this rank has a part of.
    public Weight whole(Weight own) {
        return wholes.getOrDefault(own, own);
    }

    /// The element of a weight at which this rank's part begins.
    public long first(Weight whole) {
        return parts.containsKey(whole) ? parts.get(whole).first : 0;
    }

    /// The elements of a divided weight that a rank has.
    public Shards.Range range(Weight whole, int rank) {
        int count = TreeProduct.PARTS / ranks.size();
        return new Shards.Range(start(whole, rank * count), start(whole, (rank + 1) * count));
    }

    /// The elements at which blocks of a weight begin: each of the eight parts has blocks of [Shards#BLOCK] elements,
    /// and a last one with fewer.
    public List<Long> blocks(Weight whole) {
        List<Long> starts = new ArrayList<>();
        boolean hasParts = parts.containsKey(whole);
        int count = hasParts ? TreeProduct.PARTS : 1;
        for (int i = 0; i < count; i++) {
            long end = hasParts ? start(whole, i + 1) : whole.size();
            for (long at = hasParts ? start(whole, i) : 0; at < end; at += Shards.BLOCK) {
                starts.add(at);
            }
        }
        return starts;
    }

    /// The first element of one of the eight parts.
    private long start(Weight whole, int part) {
        long[] shape = whole.shape();
        int axis = parts.get(whole).hasColumns ? 1 : 0;
        return whole.size() / Math.max(1, shape[axis]) * TreeProduct.start(Math.toIntExact(shape[axis]), part);
    }

    /// Whether ranks have columns of a weight, whose order `apart` changes.
    private boolean hasColumns(Weight whole) {
        return parts.containsKey(whole) && parts.get(whole).hasColumns;
    }

    /// The weights that ranks have parts of, and those whose columns have another order.
    public Set<Weight> weights() {
        return parts.keySet();
    }

    /// Puts values of a weight from the order of its rows into that in which ranks have them, if it is another.
    public void apart(Weight whole, Tensor values) {
        if (hasColumns(whole)) {
            reorder(whole, values, true);
        }
    }

    /// Puts values of a weight from the order in which ranks have them into that of its rows.
    public void together(Weight whole, Tensor values) {
        if (hasColumns(whole)) {
            reorder(whole, values, false);
        }
    }

    private static void reorder(Weight whole, Tensor values, boolean isApart) {
        int cols = whole.cols();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(values.memory().byteSize(), Float.BYTES).copyFrom(values.memory());
            for (int part = 0; part < TreeProduct.PARTS; part++) {
                int first = TreeProduct.start(cols, part);
                long width = TreeProduct.start(cols, part + 1) - first;
                for (long row = 0; row < whole.rows(); row++) {
                    long inRows = 4 * (row * cols + first);
                    long inParts = 4 * (first * (long) whole.rows() + row * width);
                    MemorySegment.copy(from, isApart ? inRows : inParts, values.memory(), isApart ? inParts : inRows,
                            4 * width);
                }
            }
        }
        values.changed();
    }
}

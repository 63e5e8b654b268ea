package glia.tensor.ops;

import glia.tensor.Tensor;
import java.util.function.Function;

/// The rows of the residual stream of a pass, of which ranks may have some each (`RowParts`).
public final class StreamRows {
    /// All rows on each rank.
    static final StreamRows ALL = new StreamRows(RankProducts.NONE);

    private final RankProducts ranks;
    private final boolean isDivided;
    private int count;

    public StreamRows(RankProducts ranks) {
        this.ranks = ranks;
        isDivided = ranks.rows().ranks().size() > 1;
    }

    /// Sets the number of rows of all ranks.
    public void begin(int all) {
        if (isDivided) {
            count = all;
        }
    }

    /// This rank's rows, given all of them or its own.
    public Tensor own(Ops ops, Tensor x) {
        return !isDivided || x.rows() == ranks.rows().own(count) ? x : ops.apply(new RowParts.Own(x, ranks.rows()));
    }

    /// All rows, given them or this rank's.
    public Tensor all(Ops ops, Tensor x) {
        return !isDivided || x.rows() == count ? x : ops.apply(new RowParts.All(x, count, ranks.rows()));
    }

    /// What a sublayer reads of all rows. Where it is the stream itself and a backward pass follows, a copy, so that
    /// gradients are added up in the same order whether or not rows are divided.
    public Tensor input(Ops ops, Tensor stream, Tensor normed) {
        return normed != stream || ranks.streamed().isEmpty() ? all(ops, normed)
                : ops.apply(new RowParts.All(normed, isDivided ? count : normed.rows(), ranks.rows()));
    }

    /// The first element of the rows of this rank.
    public long first(Tensor own) {
        return isDivided ? (long) ranks.rows().first(count) * own.cols() : 0;
    }

    /// An operation with a weight, which may be read with rows of the stream.
    public Operation weighted(Tensor x, Weight w, Function<Tensor, Operation> operation) {
        RowParts rows = ranks.streamed().get(w);
        return rows == null ? operation.apply(x) : new RowParts.Weighted(operation.apply(x), x, operation, rows,
                rows.ranks().size() == 1 ? x.rows() : count);
    }
}

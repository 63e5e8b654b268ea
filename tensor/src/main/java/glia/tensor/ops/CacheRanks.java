package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PartialAttention;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Ranks that have some blocks of positions of each KV cache (context parallelism in inference): of P ranks, rank
/// `b mod P` has block b. Each attends to its own keys, and all merge the results in the order of the ranks, so they
/// have the same bits. For N tokens and H heads of V values a rank sends `(P - 1) · 4 · N · H · (V + 1)` bytes a layer.
public record CacheRanks(RankGroup ranks) {
    /// Whether ranks divide keys and values that are attended to so.
    public static boolean divides(Span span) {
        return span instanceof Span.Causal;
    }

    /// Whether this rank has a block.
    public boolean has(int block) {
        return block % ranks.size() == ranks.rank();
    }

    /// The number of this rank's blocks before a block.
    public int before(int block) {
        return Math.ceilDiv(block - ranks.rank(), ranks.size());
    }

    /// Softmax attention over the keys of all ranks.
    ///
    /// @param views the keys of this rank, block after block
    void attend(Compute ops, Tensor y, Tensor q, KeyValues[] views, Runs runs, AttentionShape shape, Tensor learned) {
        Compute.require(!runs.hasMutual(), "attention over keys of several ranks", q, "pictures");
        int mark = ops.mark();
        int size = ranks.size();
        int cols = y.cols() + shape.numHeads();
        Tensor all = ops.allocate(size * q.rows(), cols);
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p < size; p++) {
            slices.add(all.rows(p * q.rows(), (p + 1) * q.rows()).memory().asSlice(0, all.rowBytes() * q.rows()));
        }
        Tensor part = part(all, ranks.rank(), y);
        Tensor sums = sums(all, ranks.rank(), y, shape);
        clear(sums);
        for (int i = 0; i < runs.count(); i++) {
            attend(ops, part, sums, q, views[i], runs, i, shape, learned);
        }
        ranks.allGather(slices);
        all.changed();
        Tensor total = ops.allocate(q.rows(), shape.numHeads());
        clear(total);
        PartialAttention merging = new PartialAttention(ops.kernels().workers());
        for (int p = 0; p < size; p++) {
            merging.merge(y, total, part(all, p, y), sums(all, p, y, shape));
        }
        ops.release(mark);
    }

    private static Tensor part(Tensor all, int rank, Tensor y) {
        return all.view(rank * y.rows() * all.rowBytes(), DType.F32, y.rows(), y.cols());
    }

    private static Tensor sums(Tensor all, int rank, Tensor y, AttentionShape shape) {
        return all.view(rank * y.rows() * all.rowBytes() + y.sizeBytes(), DType.F32, y.rows(), shape.numHeads());
    }

    private static void clear(Tensor sums) {
        for (long i = 0; i < sums.size(); i++) {
            sums.set(i, Float.NEGATIVE_INFINITY);
        }
    }

    /// The queries of a run, those of each own block by themselves.
    private void attend(Compute ops, Tensor part, Tensor sums, Tensor q, KeyValues view, Runs runs, int run,
            AttentionShape shape, Tensor learned) {
        int tokens = view.pageTokens();
        int length = view.length();
        int end = runs.position(run) + runs.end(run) - runs.start(run);
        for (int at = runs.position(run), next; at < end; at = next) {
            int block = at / tokens;
            int other = block;
            while (!has(other)) {
                other++;
            }
            next = Math.min(end, (has(block) ? block + 1 : other) * tokens);
            int earlier = before(block) * tokens;
            int from = runs.start(run) + at - runs.position(run);
            int to = from + next - at;
            view.setLength(has(block) ? length : earlier);
            if (view.length() > 0) {
                ops.kernels().attention(part.rows(from, to), sums.rows(from, to), q.rows(from, to),
                        new KeyValues[] {view}, new Runs().add(to - from, earlier + (has(block) ? at % tokens : 0)),
                        shape, learned);
            }
            view.setLength(length);
        }
    }
}

package glia.tensor.ops.attention;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The division of the sequences of a batch among ranks (context parallelism). Each sequence is cut into 2P chunks, of
/// which rank r has the chunks r and 2P - 1 - r (zigzag), or into single tokens that ranks have in turn (striped), so
/// that with causal attention ranks see as many pairs of queries and keys. Attention gets keys and values of the other
/// ranks; all else is computed token by token.
public final class ContextParallel {
    /// How attention gets the keys and values of other ranks.
    public enum Method {
        /// All of them at once, as Llama 3 was trained (https://arxiv.org/abs/2407.21783): results have the bits of one
        /// rank, if the kernels are batch-invariant.
        GATHER,
        /// Rank after rank around a ring, with the next on its way while one is attended to
        /// (https://arxiv.org/abs/2310.01889).
        RING,
        /// The same for tokens that ranks have in turn: of P ranks, rank r has the tokens r, r + P, r + 2P, …
        /// (https://arxiv.org/abs/2311.09431). Each block that is attended to then takes as long on all ranks.
        STRIPED
    }

    /// Consecutive tokens `from` to `to` (exclusive) of a sequence on a rank.
    ///
    /// @param row the first of its rows among those of its rank
    public record Part(int sequence, int from, int to, int row) {
        /// The number of tokens.
        public int size() {
            return to - from;
        }

        /// This part of the rows of its rank.
        Tensor of(Tensor ofRank) {
            return ofRank.rows(row, row + size());
        }
    }

    private final RankGroup ranks;
    private final Method method;
    private final Runs whole;
    private final List<List<Part>> parts = new ArrayList<>();

    /// @param whole the sequences, all from position 0 on
    /// @throws IllegalArgumentException if a rank would have no token
    public ContextParallel(RankGroup ranks, Method method, Runs whole) {
        this.ranks = ranks;
        this.method = method;
        this.whole = whole.frozen();
        int chunks = 2 * ranks.size();
        for (int rank = 0; rank < ranks.size(); rank++) {
            List<Part> own = method == Method.STRIPED ? stripes(rank) : new ArrayList<>();
            int row = 0;
            for (int chunk : method == Method.STRIPED ? new int[0] : new int[] {rank, chunks - 1 - rank}) {
                for (int s = 0; s < whole.count(); s++) {
                    long length = whole.end(s) - whole.start(s);
                    Part part = new Part(s, (int) (length * chunk / chunks), (int) (length * (chunk + 1) / chunks),
                            row);
                    if (part.size() > 0) {
                        own.add(part);
                        row += part.size();
                    }
                }
            }
            if (own.isEmpty()) {
                throw new IllegalArgumentException("sequences of " + whole.numTokens() + " tokens in all leave rank "
                        + rank + " of " + ranks.size() + " without a token; use fewer ranks for a context");
            }
            parts.add(List.copyOf(own));
        }
    }

    /// The tokens of a rank in turn, sequence after sequence.
    private List<Part> stripes(int rank) {
        List<Part> own = new ArrayList<>();
        for (int s = 0; s < whole.count(); s++) {
            for (int t = rank; t < whole.end(s) - whole.start(s); t += ranks.size()) {
                own.add(new Part(s, t, t + 1, own.size()));
            }
        }
        return own;
    }

    /// Rows of a rank that are attended to together: its parts, or its tokens of each sequence, numbered by
    /// themselves.
    List<Part> blocks(int rank) {
        if (method != Method.STRIPED) {
            return parts.get(rank);
        }
        List<Part> blocks = new ArrayList<>();
        for (Part part : parts.get(rank)) {
            boolean goesOn = !blocks.isEmpty() && blocks.getLast().sequence == part.sequence;
            Part last = goesOn ? blocks.removeLast() : new Part(part.sequence, 0, 0, part.row);
            blocks.add(new Part(last.sequence, 0, last.to + 1, last.row));
        }
        return blocks;
    }

    /// Whether ranks have tokens in turn.
    boolean isStriped() {
        return method == Method.STRIPED;
    }

    /// The ranks.
    public RankGroup ranks() {
        return ranks;
    }

    /// The tokens of a rank, in the order of its rows.
    public List<Part> parts(int rank) {
        return parts.get(rank);
    }

    /// The number of tokens of a rank.
    int count(int rank) {
        Part last = parts.get(rank).getLast();
        return last.row + last.size();
    }

    /// The sequences.
    Runs whole() {
        return whole;
    }

    /// Softmax attention of this rank's queries over the keys of all ranks.
    ///
    /// @param runs this rank's parts
    public Operation attention(Tensor q, Tensor k, Tensor v, Runs runs, AttentionShape shape, Weight learned) {
        List<Part> own = parts.get(ranks.rank());
        boolean fits = runs.count() == own.size();
        for (int i = 0; fits && i < own.size(); i++) {
            fits = runs.position(i) == own.get(i).from && runs.start(i) == own.get(i).row;
        }
        Compute.require(fits, "attention of divided sequences", q, runs);
        return method == Method.GATHER ? new GatheredAttention(this, q, k, v, runs, shape, learned)
                : new RingAttention(this, q, k, v, shape, learned);
    }

    /// Gives all ranks rows that are divided among them.
    ///
    /// @param x the rows of this rank
    /// @param places by rank, where its rows belong in the result
    public Operation gather(Tensor x, int[][] places) {
        return new GatheredRows(ranks, x, places);
    }

    /// Views of matrices that lie one after another in memory.
    static Tensor[] split(Tensor memory, int[] rows, int cols) {
        Tensor[] views = new Tensor[rows.length];
        long at = 0;
        for (int i = 0; i < rows.length; i++) {
            views[i] = memory.view(at, DType.F32, rows[i], cols);
            at += views[i].sizeBytes();
        }
        return views;
    }

    static List<MemorySegment> memory(Tensor[] tensors) {
        List<MemorySegment> all = new ArrayList<>();
        for (Tensor t : tensors) {
            all.add(t.memory().asSlice(0, t.sizeBytes()));
        }
        return all;
    }

    /// Rows of all ranks. All ranks go on with the same numbers, so that each gets the whole gradient of its own.
    private record GatheredRows(RankGroup ranks, Tensor x, int[][] places) implements Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            int[] counts = new int[ranks.size()];
            int total = 0;
            for (int p = 0; p < counts.length; p++) {
                counts[p] = places[p].length;
                total += counts[p];
            }
            Tensor y = ops.allocate(total, x.cols());
            int mark = ops.mark();
            Tensor[] slices = split(ops.allocate(total, x.cols()), counts, x.cols());
            int own = counts[ranks.rank()];
            if (own > 0) {
                slices[ranks.rank()].copyFrom(x.rows(0, own));
            }
            ranks.allGather(memory(slices));
            for (int p = 0; p < counts.length; p++) {
                for (int i = 0; i < counts[p]; i++) {
                    y.rows(places[p][i], places[p][i] + 1).copyFrom(slices[p].rows(i, i + 1));
                }
            }
            ops.release(mark);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            int[] own = places[ranks.rank()];
            if (own.length > 0 && tape.needs(x)) {
                Tensor dx = tape.gradient(x).rows(0, own.length);
                Tensor dy = tape.scratch(own.length, x.cols());
                tape.kernels().gather(dy, tape.gradient(y), own, own.length);
                tape.kernels().add(dx, dx, dy, 1);
            }
        }
    }
}

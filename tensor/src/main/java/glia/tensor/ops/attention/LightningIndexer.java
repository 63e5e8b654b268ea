package glia.tensor.ops.attention;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.TopK;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// The lightning indexer of DeepSeek sparse attention: scores every position that a token can attend to, with small
/// heads of its own, `I[n,p] = Σ_h w[n,h] · relu(q[n,h] · k[p])`, and lists the top `count`, the lower position first
/// for equal scores (https://arxiv.org/abs/2512.02556). Keys `[N, E]` are appended to the KV cache. Scores cost O(T²)
/// with a small constant: one matrix multiplication for a block of positions and some tokens.
///
/// The result `[N, 1]` is the length of each token's list. It has no gradient: a choice is not differentiable.
///
/// @param q `[N, H·E]`, rotated
/// @param weights `[N, H]`, scaled
/// @param lists filled with the positions for every token of the pass
public record LightningIndexer(Tensor q, Tensor k, Tensor weights, KeyValueState state, Runs runs, int count,
        AttendedPositions lists) implements Operation {
    /// Positions scored at a time.
    private static final int BLOCK = 1024;
    /// Tokens scored at a time.
    private static final int TOKENS = 8;

    public LightningIndexer {
        Compute.require(q.rows() == k.rows() && q.cols() == (long) weights.cols() * k.cols()
                && weights.rows() == k.rows() && k.rows() == runs.numTokens() && count > 0, "indexer", q, k);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor found = ops.allocate(k.rows(), 1);
        KeyValues[] sequences = state.append(k, k, runs);
        int mark = ops.mark();
        lists.clear();
        int longest = 0;
        for (int run = 0; run < runs.count(); run++) {
            longest = Math.max(longest, runs.position(run) + runs.end(run) - runs.start(run));
        }
        int block = Math.min(BLOCK, longest);
        int tokens = Math.min(TOKENS, k.rows());
        Tensor keys = ops.allocate(block, k.cols());
        Tensor products = ops.allocate(tokens * weights.cols(), block);
        Tensor scores = ops.allocate(tokens, longest);
        for (int run = 0; run < runs.count(); run++) {
            for (int from = runs.start(run); from < runs.end(run); from += tokens) {
                int to = Math.min(runs.end(run), from + tokens);
                score(ops, sequences[run], run, from, to, keys, products, scores);
                new Choice(ops, scores, runs.position(run) - runs.start(run), from, to).run();
            }
        }
        ops.release(mark);
        for (int n = 0; n < k.rows(); n++) {
            found.set(n, lists.count(n));
        }
        return found;
    }

    /// Computes the scores of the tokens `from` to `to` for every position up to the last token's.
    private void score(Compute ops, KeyValues sequence, int run, int from, int to, Tensor keys, Tensor products,
            Tensor scores) {
        int heads = weights.cols();
        int seen = runs.position(run) + to - runs.start(run);
        Tensor queries = q.rows(from, to).reshape((long) (to - from) * heads, k.cols());
        for (int p = 0; p < seen; p += keys.rows()) {
            int size = Math.min(keys.rows(), seen - p);
            ops.kernels().loadKeys(keys.rows(0, size), sequence, p);
            int mark = ops.mark();
            Tensor part = size == keys.rows() ? products.rows(0, queries.rows())
                    : ops.allocate(queries.rows(), size);
            ops.kernels().linear(part, queries, keys.rows(0, size));
            new Weighing(ops, part, scores, p, from, to).run();
            ops.release(mark);
        }
    }

    /// Computes `scores[n, at + i] = Σ_h w[n,h] · relu(products[n·H + h, i])`, in loops over plain arrays.
    private final class Weighing extends RangeTask {
        private static final int PIECE = 256;

        private final Tensor products;
        private final Tensor scores;
        private final int at;
        private final int from;
        private final int to;

        Weighing(Compute ops, Tensor products, Tensor scores, int at, int from, int to) {
            super(ops.kernels().workers());
            this.products = products;
            this.scores = scores;
            this.at = at;
            this.from = from;
            this.to = to;
        }

        void run() {
            distribute((to - from) * Math.ceilDiv(products.cols(), PIECE), (long) PIECE * weights.cols());
        }

        @Override
        protected void range(int first, int end, int worker) {
            int pieces = Math.ceilDiv(products.cols(), PIECE);
            float[] sum = new float[PIECE];
            float[] row = new float[PIECE];
            for (int unit = first; unit < end; unit++) {
                int n = unit / pieces;
                int start = unit % pieces * PIECE;
                int size = Math.min(PIECE, products.cols() - start);
                java.util.Arrays.fill(sum, 0);
                for (int h = 0; h < weights.cols(); h++) {
                    ChannelBlocks.load(products, n * weights.cols() + h, start, row, size);
                    long at = (long) (from + n) * weights.cols() + h;
                    add(sum, row, Memory.f32(weights.address() + 4 * at), size);
                }
                ChannelBlocks.store(sum, scores, n, at + start, size);
            }
        }

        private static void add(float[] sum, float[] row, float weight, int size) {
            for (int i = 0; i < size; i++) {
                sum[i] += weight * Math.max(0, row[i]);
            }
        }
    }

    /// Lists the top positions of each token; a unit is one token.
    private final class Choice extends RangeTask {
        private final Tensor scores;
        private final int shift;
        private final int from;
        private final int to;

        /// @param shift difference between a token's position and its index in the pass
        Choice(Compute ops, Tensor scores, int shift, int from, int to) {
            super(ops.kernels().workers());
            this.scores = scores;
            this.shift = shift;
            this.from = from;
            this.to = to;
        }

        void run() {
            for (int n = from; n < to; n++) {
                lists.add(Math.min(count, n + shift + 1));
            }
            distribute(to - from, 8L * scores.cols());
        }

        @Override
        protected void range(int first, int end, int worker) {
            for (int n = from + first; n < from + end; n++) {
                float[] row = new float[n + shift + 1];
                ChannelBlocks.load(scores, n - from, 0, row, row.length);
                TopK.choose(row, lists, n);
            }
        }
    }

    @Override
    public void inputs(Inputs inputs) { }

    @Override
    public void backward(Tape tape, Tensor y) { }
}

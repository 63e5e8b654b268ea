package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.TopK;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import java.util.Arrays;
import java.util.List;

/// Chooses blocks of positions for block-sparse attention: of head g and token n the `count` blocks with the largest
/// scores, `max_p q[n,g] · k[p]` over the block's positions up to the token's own; the last `numLocal` blocks come
/// first. Keys `[N, E]` are appended to the KV cache.
///
/// The result `[N, 1]` is the length of the first head's list. It has no gradient: a choice is not differentiable.
///
/// @param q `[N, G·E]`, rotated
/// @param lists for each head, filled with the positions of the chosen blocks for every token of the pass
public record BlockIndexer(Tensor q, Tensor k, KeyValueState state, Runs runs, int blockSize, int count, int numLocal,
        List<AttendedPositions> lists) implements Operation {
    /// Positions whose keys are loaded at a time.
    private static final int LOADED = 1024;

    public BlockIndexer {
        Compute.require(q.rows() == k.rows() && q.cols() == (long) lists.size() * k.cols()
                && k.rows() == runs.numTokens() && blockSize > 0 && count > 0, "block indexer", q, k);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor found = ops.allocate(k.rows(), 1);
        KeyValues[] sequences = state.append(k, k, runs);
        int mark = ops.mark();
        lists.forEach(AttendedPositions::clear);
        for (int run = 0; run < runs.count(); run++) {
            int length = runs.position(run) + runs.end(run) - runs.start(run);
            Tensor scores = ops.allocate((runs.end(run) - runs.start(run)) * lists.size(), blocks(length));
            score(ops, sequences[run], run, length, scores);
            for (int n = runs.start(run); n < runs.end(run); n++) {
                for (int head = 0; head < lists.size(); head++) {
                    choose(scores, (n - runs.start(run)) * lists.size() + head, n,
                            runs.position(run) + n - runs.start(run), lists.get(head));
                }
            }
            ops.release(mark);
        }
        for (int n = 0; n < k.rows(); n++) {
            found.set(n, lists.getFirst().count(n));
        }
        return found;
    }

    private int blocks(int length) {
        return Math.ceilDiv(length, blockSize);
    }

    /// Computes the largest score of each block, -∞ where a token sees none of it.
    private void score(Compute ops, KeyValues sequence, int run, int length, Tensor scores) {
        int heads = lists.size();
        int tokens = runs.end(run) - runs.start(run);
        for (long i = 0; i < scores.size(); i++) {
            scores.set(i, Float.NEGATIVE_INFINITY);
        }
        Tensor queries = q.rows(runs.start(run), runs.end(run)).reshape((long) tokens * heads, k.cols());
        for (int p = 0; p < length; p += LOADED) {
            int first = p;
            int size = Math.min(LOADED, length - p);
            int mark = ops.mark();
            Tensor keys = ops.allocate(size, k.cols());
            ops.kernels().loadKeys(keys, sequence, p);
            Tensor products = ops.allocate(tokens * heads, size);
            ops.kernels().linear(products, queries, keys);
            Ranges.run(ops.kernels().workers(), tokens * heads, size, (from, to) -> {
                float[] row = new float[size];
                for (int at = from; at < to; at++) {
                    ChannelBlocks.load(products, at, 0, row, size);
                    int seen = Math.min(size, runs.position(run) + at / heads + 1 - first);
                    for (int i = 0; i < seen; i++) {
                        long block = (long) at * scores.cols() + (first + i) / blockSize;
                        scores.set(block, Math.max(scores.get(block), row[i]));
                    }
                }
            });
            ops.release(mark);
        }
    }

    /// Lists the positions of a token's best blocks.
    private void choose(Tensor scores, int row, int token, int position, AttendedPositions list) {
        float[] blocks = new float[position / blockSize + 1];
        ChannelBlocks.load(scores, row, 0, blocks, blocks.length);
        Arrays.fill(blocks, Math.max(0, blocks.length - numLocal), blocks.length, Float.POSITIVE_INFINITY);
        AttendedPositions chosen = new AttendedPositions();
        chosen.add(Math.min(count, blocks.length));
        TopK.choose(blocks, chosen, 0);
        int length = 0;
        for (int i = 0; i < chosen.count(0); i++) {
            length += size(chosen.get(0, i), position);
        }
        list.add(length);
        for (int i = 0, at = 0; i < chosen.count(0); i++) {
            for (int j = 0; j < size(chosen.get(0, i), position); j++) {
                list.set(token, at++, chosen.get(0, i) * blockSize + j);
            }
        }
    }

    /// The visible positions of a block.
    private int size(int block, int position) {
        return Math.min(blockSize, position + 1 - block * blockSize);
    }

    @Override
    public void inputs(Inputs inputs) { }

    @Override
    public void backward(Tape tape, Tensor y) { }
}

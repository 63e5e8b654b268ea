package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.TopK;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import java.util.Arrays;
import java.util.Optional;

/// The lightning indexer over compressed blocks: of the blocks that end at or before a token it lists the `count` with
/// the largest scores `Σ_h w[n,h] · relu(q[n,h] · k)`, by the positions of their ends. Keys `[N, E]`, of which the rows
/// of block ends count, are appended to the KV cache. https://arxiv.org/abs/2512.02556
///
/// The result `[N, 1]` is the length of each list. It has no gradient: a choice is not differentiable.
///
/// @param q `[N, H·E]`, rotated
/// @param weights `[N, H]`, scaled; none if all heads count alike
/// @param lists filled for every token of the pass
public record EntryIndexer(Tensor q, Tensor k, Optional<Tensor> weights, KeyValueState state, Runs runs,
        int blockSize, int count, int[][] lists) implements Operation {
    public EntryIndexer {
        Compute.require(q.rows() == k.rows() && q.cols() % k.cols() == 0 && (weights.isEmpty()
                || weights.get().rows() == k.rows() && weights.get().cols() == q.cols() / k.cols())
                && k.rows() == runs.numTokens() && lists.length == k.rows() && count > 0, "indexer of blocks", q, k);
    }

    /// The lists of all visible blocks.
    public static void all(Runs runs, int blockSize, int[][] lists) {
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                lists[n] = new int[(runs.position(run) + n - runs.start(run) + 1) / blockSize];
                for (int i = 0; i < lists[n].length; i++) {
                    lists[n][i] = (i + 1) * blockSize - 1;
                }
            }
        }
    }

    /// The positions of listed blocks, and after them those of the token's own block if that is not complete.
    public static AttendedPositions positions(Runs runs, int blockSize, int[][] ends, AttendedPositions lists) {
        lists.clear();
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                int seen = runs.position(run) + n - runs.start(run) + 1;
                int tail = seen % blockSize;
                lists.add(ends[n].length * blockSize + tail);
                int at = 0;
                for (int end : ends[n]) {
                    for (int i = blockSize - 1; i >= 0; i--) {
                        lists.set(n, at++, end - i);
                    }
                }
                for (int i = tail; i > 0; i--) {
                    lists.set(n, at++, seen - i);
                }
            }
        }
        return lists;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor found = ops.allocate(k.rows(), 1);
        KeyValues[] sequences = state.append(k, k, runs);
        int mark = ops.mark();
        for (int run = 0; run < runs.count(); run++) {
            int start = runs.start(run);
            int position = runs.position(run);
            int blocks = (position + runs.end(run) - start) / blockSize;
            Tensor keys = ops.allocate(Math.max(1, blocks), k.cols());
            for (int b = 0; b < blocks; b++) {
                ops.kernels().loadKeys(keys.rows(b, b + 1), sequences[run], (b + 1) * blockSize - 1);
            }
            Ranges.run(ops.kernels().workers(), runs.end(run) - start, 2L * blocks * q.cols(), (from, to) -> {
                for (int n = start + from; n < start + to; n++) {
                    lists[n] = chosen(n, (position + n - start + 1) / blockSize, keys);
                }
            });
            ops.release(mark);
        }
        for (int n = 0; n < k.rows(); n++) {
            found.set(n, lists[n].length);
        }
        return found;
    }

    private int[] chosen(int n, int visible, Tensor keys) {
        float[] scores = new float[visible];
        float[] w = new float[q.cols() / k.cols()];
        Arrays.fill(w, 1);
        weights.ifPresent(given -> ChannelBlocks.load(given, n, 0, w, w.length));
        for (int b = 0; b < visible; b++) {
            double sum = 0;
            for (int h = 0; h < w.length; h++) {
                sum += w[h] * Math.max(0, Vectors.dot(q.address() + n * q.rowBytes() + 4L * h * k.cols(),
                        keys.address() + b * keys.rowBytes(), k.cols()));
            }
            scores[b] = (float) sum;
        }
        int[] list = new int[Math.min(count, visible)];
        if (visible > 0) {
            AttendedPositions best = new AttendedPositions();
            best.add(list.length);
            TopK.choose(scores, best, 0);
            for (int i = 0; i < list.length; i++) {
                list[i] = (best.get(0, i) + 1) * blockSize - 1;
            }
        }
        return list;
    }

    @Override
    public void inputs(Inputs inputs) { }

    @Override
    public void backward(Tape tape, Tensor y) { }
}

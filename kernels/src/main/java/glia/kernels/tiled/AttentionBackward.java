package glia.kernels.tiled;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Workers;

/// The gradient of softmax attention, tile of queries by tile of queries (`AttentionBackwardTile`). A chunk is a
/// key-value head of a run. If there are few, its tiles are distributed over several chunks, whose gradients of keys
/// and values are added at the end, always in the same order.
public final class AttentionBackward {
    /// The number of chunks that keeps all workers busy. Independent of their number, so that results are too.
    private static final int ENOUGH = 8;

    private static final float[][] NO_BIASES = {};
    private static final float[] NO_BIAS = {};

    private final Workers workers;
    private final AttentionBackwardTile[] tiles;
    private final ScoreRule rule;
    private final Tiles inner;
    private final int panelCols;
    private final Scratch sums = new Scratch();
    private long[] starts = new long[16];

    /// @param inner the inner loops
    public AttentionBackward(Workers workers, Tiles inner) {
        this.workers = workers;
        tiles = new AttentionBackwardTile[workers.count()];
        for (int i = 0; i < tiles.length; i++) {
            tiles[i] = new AttentionBackwardTile(inner, i);
        }
        rule = new ScoreRule(inner);
        this.inner = inner;
        panelCols = inner.cols();
    }

    /// See `Kernels.attentionBackward`.
    public void run(AttentionTrace trace) {
        AttentionShape shape = trace.shape();
        int kvHeads = shape.numKeyValueHeads();
        int numRuns = trace.runs().count();
        rule.begin(shape, trace.learned());
        int parts = Math.max(1, Math.ceilDiv(ENOUGH, Math.max(1, numRuns * (shape.isPart() ? 1 : kvHeads))));
        if (starts.length <= numRuns) {
            starts = new long[2 * numRuns];
        }
        for (int run = 0; run < numRuns; run++) {
            starts[run + 1] = starts[run] + kvHeads * parts * sumBytes(shape, trace.numKeys(run));
        }
        long base = sums.reserve(starts[numRuns]);
        boolean hasBiases = shape.scores() instanceof Scores.RelativeBias;
        float[][] biases = hasBiases ? new float[numRuns * kvHeads * parts][shape.numParameters()] : NO_BIASES;
        workers.run((chunk, worker) -> {
            int run = chunk / (kvHeads * parts);
            int kvHead = chunk / parts % kvHeads;
            long own = base + starts[run] + chunk % (kvHeads * parts) * sumBytes(shape, trace.numKeys(run));
            tiles[worker].run(trace, rule, run, kvHead, chunk % parts, parts, own, hasBiases ? biases[chunk] : NO_BIAS);
        }, numRuns * kvHeads * parts);
        workers.run((chunk, worker) -> {
            int run = chunk / kvHeads;
            long bytes = sumBytes(shape, trace.numKeys(run));
            long first = base + starts[run] + chunk % kvHeads * parts * bytes;
            for (int part = 0; part < parts; part++) {
                gather(trace, run, chunk % kvHeads, first + part * bytes);
            }
        }, numRuns * kvHeads);
        trace.addToSinks();
        addBiases(trace.dlearned(), biases);
    }

    private static void addBiases(Tensor dlearned, float[][] biases) {
        for (float[] some : biases) {
            for (int i = 0; i < some.length; i++) {
                dlearned.set(i, dlearned.get(i) + some[i]);
            }
        }
    }

    /// Size of a chunk's sums, in bytes: for each key a row for its gradient and one for its value's, in whole panels.
    private long sumBytes(AttentionShape shape, int numKeys) {
        return 4L * (numKeys + tiles[0].spareRows()) * (padded(shape.keySize()) + padded(shape.valueSize()));
    }

    private long padded(int size) {
        return (long) Math.ceilDiv(size, panelCols) * panelCols;
    }

    private void gather(AttentionTrace trace, int run, int kvHead, long from) {
        AttentionShape shape = trace.shape();
        long rows = trace.numKeys(run) + tiles[0].spareRows();
        long keyCols = padded(shape.keySize());
        add(trace.dk(), trace.keyRuns().start(run), kvHead, shape.keySize(), trace.numKeys(run), from, keyCols);
        add(trace.dv(), trace.keyRuns().start(run), kvHead, shape.valueSize(), trace.numKeys(run),
                from + 4 * rows * keyCols, padded(shape.valueSize()));
    }

    private void add(Tensor to, int firstRow, int head, int size, int rows, long from, long fromCols) {
        for (int p = 0; p < rows; p++) {
            long at = to.address() + 4L * ((long) (firstRow + p) * to.cols() + head * size);
            inner.add(at, at, from + 4L * p * fromCols, size, 1);
        }
    }
}

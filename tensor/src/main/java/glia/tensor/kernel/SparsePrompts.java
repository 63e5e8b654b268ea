package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.stream.IntStream;

/// Attention of long prompts to a part of their pages, chosen for each query head as MInference does
/// (https://arxiv.org/abs/2407.02490), but by pages of the KV cache, and as many as the wanted share of the attention
/// needs. A group of rows attends to the first page, its own and the one before, and to those of the pattern that needs
/// the fewest pages: vertical-slash (the same pages and distances for all groups of a pass) or blocks (pages for each
/// group, by its mean query).
///
/// One row of each group chooses the slashes, another one measures what is lost. Where that is more than twice what was
/// wanted, the group attends to all pages.
public final class SparsePrompts extends RangeTask {
    /// Prompts of fewer positions get full attention.
    public static final int LEAST = 4096;
    /// Rows with one choice.
    private static final int GROUP = 128;
    private static final int PAGE = 64;
    /// Rows of a group whose attention is computed to all pages: for vertical-slash, for blocks, and to measure.
    private static final int SAMPLES = 3;
    private static final int MEASURE = 2;
    /// Keys that are multiplied at a time.
    private static final int KEYS = 2048;

    private final Kernels kernels;
    private final double wanted;
    private KeyValues keys;
    private AttentionShape shape;
    private Tensor queries;
    private int position;
    private float[][][] shares = {};
    /// The chosen pages before a group's own, by head and group.
    private int[][][] chosen = {};
    /// Of the last pass, by head and group, the share of attention that is lost.
    private double[][] lost = {};
    private double sumLost;
    private long pagesChosen;
    private long pagesSeen;
    private long numMeasured;

    /// @param wanted the share of each query's attention that the chosen pages should hold
    public SparsePrompts(Kernels kernels, double wanted) {
        super(kernels.workers());
        if (!(wanted > 0 && wanted < 1)) {
            throw new IllegalArgumentException("found a share of " + wanted + " of the attention, expected more than 0 "
                    + "and less than 1");
        }
        this.kernels = kernels;
        this.wanted = wanted;
    }

    /// Whether some run of a pass is part of a long prompt that attends to chosen pages.
    public boolean applies(KeyValues[] views, Runs runs, AttentionShape ofAll) {
        return IntStream.range(0, runs.count()).anyMatch(run -> applies(views[run], runs, run, ofAll));
    }

    private static boolean applies(KeyValues view, Runs runs, int run, AttentionShape ofAll) {
        return runs.end(run) - runs.start(run) >= GROUP && view.length() >= LEAST && view.pageTokens() == PAGE
                && ofAll.span() instanceof Span.Causal && ofAll.scores() instanceof Scores.Plain && !runs.hasMutual()
                && view.type().hasWholeHeads(ofAll.keySize(), ofAll.valueSize());
    }

    /// Computes attention of all runs of a pass, to all positions where nothing is chosen.
    public void attend(Tensor y, Tensor q, KeyValues[] views, Runs runs, AttentionShape ofAll, Tensor learned) {
        for (int run = 0; run < runs.count(); run++) {
            Tensor out = y.rows(runs.start(run), runs.end(run));
            Tensor rows = q.rows(runs.start(run), runs.end(run));
            if (applies(views[run], runs, run, ofAll)) {
                one(out, rows, views[run], runs.position(run), ofAll);
            } else if (rows.rows() > 0) {
                kernels.attention(out, null, rows, new KeyValues[] {views[run]}, runs.only(run), ofAll, learned);
            }
        }
    }

    /// What was computed since the last call.
    ///
    /// @param lost the share of attention that rows lost, the mean over one of 128 rows of each head
    /// @param pages the share of pages
    public record Figures(double lost, double pages) { }

    /// The figures since the last call; empty if no prompt was long enough.
    public Optional<Figures> takeFigures() {
        Optional<Figures> figures = numMeasured == 0 ? Optional.empty()
                : Optional.of(new Figures(sumLost / numMeasured, (double) pagesChosen / pagesSeen));
        sumLost = 0;
        numMeasured = 0;
        pagesChosen = 0;
        pagesSeen = 0;
        return figures;
    }

    private int numGroups() {
        return Math.ceilDiv(queries.rows(), GROUP);
    }

    private int end(int group) {
        return Math.min(queries.rows(), (group + 1) * GROUP);
    }

    /// The page of a group's first row.
    private int own(int group) {
        return (position + group * GROUP) / PAGE;
    }

    private void one(Tensor y, Tensor q, KeyValues view, int first, AttentionShape ofAll) {
        keys = view;
        shape = ofAll;
        queries = q;
        position = first;
        int heads = shape.numHeads();
        chosen = new int[heads][numGroups()][];
        lost = new double[heads][numGroups()];
        shares = shares();
        distribute(heads, (long) SAMPLES * numGroups() * view.length());
        try (Arena arena = Arena.ofShared()) {
            Tensor ofHeads = Tensor.allocate(arena, DType.F32, heads * q.rows(), shape.keySize());
            Tensor results = Tensor.allocate(arena, DType.F32, heads * q.rows(), shape.valueSize());
            move(ofHeads, q, shape.keySize(), true);
            KeyValues[] lists = new KeyValues[heads * numGroups()];
            Runs runs = new Runs();
            for (int head = 0; head < heads; head++) {
                for (int group = 0; group < numGroups(); group++) {
                    int before = chosen[head][group].length;
                    lists[head * numGroups() + group] = list(head, group);
                    runs.add(end(group) - group * GROUP, (before - own(group)) * PAGE + position + group * GROUP);
                    sumLost += lost[head][group];
                    numMeasured++;
                    pagesChosen += before + 1;
                    pagesSeen += own(group) + 1;
                }
            }
            kernels.attention(results, null, ofHeads, lists, runs, new AttentionShape(1, 1, shape.keySize(),
                    shape.valueSize(), shape.scale(), new Span.Causal()));
            move(results, y, shape.valueSize(), false);
        }
    }

    /// Copies rows `[N, H·size]` to `[H·N, size]`, or back.
    private void move(Tensor ofHeads, Tensor all, int size, boolean isSplit) {
        float[] row = new float[size];
        for (int head = 0; head < shape.numHeads(); head++) {
            for (int i = 0; i < all.rows(); i++) {
                long one = ofHeads.address() + (head * all.rows() + i) * ofHeads.rowBytes();
                long other = all.address() + i * all.rowBytes() + (long) Float.BYTES * head * size;
                Memory.load(isSplit ? other : one, row, 0, size);
                Memory.store(row, 0, isSplit ? one : other, size);
            }
        }
    }

    private KeyValues list(int head, int group) {
        int kvHead = head / shape.groupSize();
        KeyValueType type = keys.type();
        KeyValues list = new KeyValues(type, PAGE, keys.keyCols(), keys.valueCols());
        int[] before = chosen[head][group];
        int last = (position + end(group) - 1) / PAGE;
        for (int i = 0; i < before.length + last - own(group) + 1; i++) {
            int at = PAGE * (i < before.length ? before[i] : own(group) + i - before.length);
            list.addPage(keys.keyAddress(at) + type.rowBytes(kvHead * shape.keySize()),
                    keys.valueAddress(at) + type.ofValues().rowBytes(kvHead * shape.valueSize()));
        }
        list.setLength((before.length - own(group)) * PAGE + position + end(group));
        return list;
    }

    /// Chooses the pages of some query heads.
    @Override
    protected void range(int from, int to, int worker) {
        for (int head = from; head < to; head++) {
            choose(head, shares[head]);
        }
    }

    /// The share of each page in the attention of the sampled rows: by query head, group and sample, and page.
    private float[][][] shares() {
        int size = shape.keySize();
        int rows = SAMPLES * numGroups();
        float[][][] all = new float[shape.numHeads()][rows][pages(position + queries.rows())];
        try (Arena arena = Arena.ofShared()) {
            Tensor q = Tensor.allocate(arena, DType.F32, shape.groupSize() * rows, size);
            Tensor k = Tensor.allocate(arena, DType.F32, KEYS, size);
            Tensor scores = Tensor.allocate(arena, DType.F32, q.rows(), KEYS);
            Tensor ofPages = scores.view(0, DType.F32, scores.size() / PAGE, PAGE);
            float[] row = new float[size];
            for (int kvHead = 0; kvHead < shape.numKeyValueHeads(); kvHead++) {
                float[][][] heads = Arrays.copyOfRange(all, kvHead * shape.groupSize(),
                        (kvHead + 1) * shape.groupSize());
                for (int i = 0; i < q.rows(); i++) {
                    sample(kvHead * shape.groupSize() + i / rows, i % rows, row);
                    Memory.store(row, 0, q.address() + i * q.rowBytes(), size);
                }
                for (int first = 0; first < position + queries.rows(); first += KEYS) {
                    for (int i = 0; i < KEYS && first + i < position + queries.rows(); i++) {
                        keys.type().load(keys.keyAddress(first + i), kvHead * size, size, row);
                        Memory.store(row, 0, k.address() + i * k.rowBytes(), size);
                    }
                    kernels.linear(scores, q, k);
                    addPages(heads, ofPages, first);
                }
            }
        }
        for (float[][] head : all) {
            for (int row = 0; row < rows; row++) {
                normalize(head[row], pages(last(row) + 1));
            }
        }
        return all;
    }

    /// Takes the logarithms of the pages' sums `Σ e^score` of keys from `first` on.
    private void addPages(float[][][] heads, Tensor ofPages, int first) {
        int rows = SAMPLES * numGroups();
        int stride = KEYS / PAGE;
        for (int i = 0; i < heads.length * rows; i++) {
            for (int page = 0; page < stride && first + page * PAGE <= last(i % rows); page++) {
                for (int at = last(i % rows) + 1 - first - page * PAGE; at < PAGE; at++) {
                    ofPages.set((long) (i * stride + page) * PAGE + at, Float.NEGATIVE_INFINITY);
                }
                heads[i / rows][i % rows][first / PAGE + page] = kernels.logSumExp(ofPages, i * stride + page);
            }
        }
    }

    private static void normalize(float[] logarithms, int count) {
        float most = Float.NEGATIVE_INFINITY;
        for (int page = 0; page < count; page++) {
            most = Math.max(most, logarithms[page]);
        }
        double sum = 0;
        for (int page = 0; page < count; page++) {
            logarithms[page] = (float) Math.exp(logarithms[page] - most);
            sum += logarithms[page];
        }
        for (int page = 0; page < count; page++) {
            logarithms[page] /= (float) sum;
        }
    }

    private static int pages(int positions) {
        return Math.ceilDiv(positions, PAGE);
    }

    /// The position of a sampled row: the last of its group, or one in the middle to measure.
    private int last(int row) {
        int group = row / SAMPLES;
        return position + (row % SAMPLES == MEASURE ? (group * GROUP + end(group)) / 2 : end(group) - 1);
    }

    /// Loads a sampled query, scaled: the last row of a group, the mean of all, or a row in the middle.
    private void sample(int head, int row, float[] to) {
        int last = last(row) - position;
        int first = row % SAMPLES == 1 ? row / SAMPLES * GROUP : last;
        float[] one = new float[to.length];
        Arrays.fill(to, 0);
        for (int at = first; at <= last; at++) {
            Memory.load(queries.address() + at * queries.rowBytes() + (long) Float.BYTES * head * to.length, one, 0,
                    to.length);
            for (int c = 0; c < to.length; c++) {
                to[c] += one[c] * shape.scale() / (last - first + 1);
            }
        }
    }

    /// Chooses the pages of a head.
    ///
    /// @param shares of pages, by group and sample
    private void choose(int head, float[][] shares) {
        int groups = numGroups();
        BitSet[] slashes = slashes(shares);
        BitSet[] blocks = new BitSet[groups];
        int numSlashes = 0;
        int numBlocks = 0;
        for (int group = 0; group < groups; group++) {
            blocks[group] = blocks(shares[group * SAMPLES + 1], group);
            numSlashes += slashes[group].cardinality();
            numBlocks += blocks[group].cardinality();
        }
        for (int group = 0; group < groups; group++) {
            BitSet pages = numSlashes <= numBlocks ? slashes[group] : blocks[group];
            double missing = 1 - held(pages, shares[group * SAMPLES + MEASURE], group);
            boolean isDense = missing > 2 * (1 - wanted);
            chosen[head][group] = isDense ? IntStream.range(0, own(group)).toArray() : pages.stream().toArray();
            lost[head][group] = isDense ? 0 : Math.max(0, missing);
        }
    }

    /// The share that a group's own pages and some before them have.
    private double held(BitSet pages, float[] share, int group) {
        double sum = 0;
        for (int page = own(group); page < share.length; page++) {
            sum += share[page];
        }
        for (int page = pages.nextSetBit(0); page >= 0; page = pages.nextSetBit(page + 1)) {
            sum += share[page];
        }
        return sum;
    }

    private BitSet sure(int group) {
        BitSet pages = new BitSet();
        pages.set(0);
        pages.set(own(group) - 1);
        return pages;
    }

    private BitSet blocks(float[] share, int group) {
        BitSet pages = sure(group);
        double sum = held(pages, share, group);
        for (int page : descending(Arrays.copyOf(share, own(group)))) {
            if (sum >= wanted) {
                break;
            }
            sum += pages.get(page) ? 0 : share[page];
            pages.set(page);
        }
        return pages;
    }

    /// Adds the columns and distances with the largest shares of all groups until the mean share is reached.
    private BitSet[] slashes(float[][] shares) {
        int groups = numGroups();
        int columns = own(groups - 1);
        float[] scores = new float[2 * columns + 1];
        BitSet[] pages = new BitSet[groups];
        double sum = 0;
        for (int group = 0; group < groups; group++) {
            float[] share = shares[group * SAMPLES];
            pages[group] = sure(group);
            sum += held(pages[group], share, group) / groups;
            for (int page = 0; page < own(group); page++) {
                scores[page] += share[page];
                scores[columns + own(group) - page] += share[page];
            }
        }
        for (int item : descending(scores)) {
            if (sum >= wanted) {
                break;
            }
            for (int group = 0; group < groups; group++) {
                int page = item < columns ? item : own(group) - item + columns;
                if (page >= 0 && page < own(group) && !pages[group].get(page)) {
                    pages[group].set(page);
                    sum += shares[group * SAMPLES][page] / groups;
                }
            }
        }
        return pages;
    }

    /// Indexes by descending values.
    private static int[] descending(float[] values) {
        long[] keys = new long[values.length];
        for (int i = 0; i < keys.length; i++) {
            // Values are not negative, so their bits are in their order.
            keys[i] = ((long) ~Float.floatToRawIntBits(values[i]) << 32) | i;
        }
        Arrays.sort(keys);
        return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
    }
}

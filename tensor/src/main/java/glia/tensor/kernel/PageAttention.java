package glia.tensor.kernel;

import glia.tensor.Tensor;

/// Attention of a single query to the pages that a [PageChoice] selects. Pages are read where they lie: each head gets
/// a list of their addresses.
public final class PageAttention extends RangeTask {
    private final Kernels kernels;
    private KeyValues keys;
    private AttentionShape shape;
    private long query;
    /// The chosen pages of each query head, ascending.
    private AttendedPositions chosen = new AttendedPositions();

    /// Creates attention that computes with `kernels`.
    public PageAttention(Kernels kernels) {
        super(kernels.workers());
        this.kernels = kernels;
    }

    /// Whether some run of a pass attends to chosen pages: it has a single token, and a cache with more pages.
    public static boolean applies(KeyValues[] views, Runs runs, AttentionShape shape) {
        for (int run = 0; run < runs.count(); run++) {
            if (applies(views[run], runs, run, shape)) {
                return true;
            }
        }
        return false;
    }

    private static boolean applies(KeyValues view, Runs runs, int run, AttentionShape shape) {
        PageChoice choice = view.choice();
        return choice != null && runs.end(run) - runs.start(run) == 1 && shape.span() instanceof Span.Causal
                && (shape.scores() instanceof Scores.Plain || shape.scores() instanceof Scores.Capped)
                && choice.numPages(view.length()) > choice.numChosen();
    }

    /// Computes attention of all runs of a pass, to all positions where nothing is chosen.
    public void attend(Tensor y, Tensor q, KeyValues[] views, Runs runs, AttentionShape ofAll, Tensor learned) {
        for (int run = 0; run < runs.count(); run++) {
            Tensor out = y.rows(runs.start(run), runs.end(run));
            Tensor queries = q.rows(runs.start(run), runs.end(run));
            if (applies(views[run], runs, run, ofAll)) {
                one(out, queries, views[run], ofAll);
            } else if (queries.rows() > 0) {
                kernels.attention(out, null, queries, new KeyValues[] {views[run]}, runs.only(run), ofAll, learned);
            }
        }
    }

    /// The pages of each query head that were chosen last.
    public AttendedPositions chosen() {
        return chosen;
    }

    /// Computes attention of one query.
    ///
    /// @param y `[1, H·valueSize]`
    /// @param q `[1, H·keySize]`
    /// @throws IllegalArgumentException if heads do not begin at blocks of the cache's type
    public void one(Tensor y, Tensor q, KeyValues view, AttentionShape ofAll) {
        keys = view;
        shape = ofAll;
        query = q.address();
        PageChoice choice = view.choice();
        KeyValueType type = view.type();
        if (!type.hasWholeHeads(shape.keySize(), shape.valueSize())) {
            throw new IllegalArgumentException("attention to chosen pages needs heads of whole blocks of the KV cache "
                    + "type " + type.label() + ", found a size of " + shape.keySize() + "; try bf16");
        }
        int heads = shape.numHeads();
        int pages = choice.numPages(view.length());
        chosen = new AttendedPositions();
        for (int head = 0; head < heads; head++) {
            chosen.add(Math.min(pages, choice.numChosen()));
        }
        distribute(shape.numKeyValueHeads(), 2L * pages * shape.keySize() * shape.groupSize());
        KeyValues[] lists = new KeyValues[heads];
        Runs each = new Runs();
        for (int head = 0; head < heads; head++) {
            lists[head] = pages(head);
            each.add(1, lists[head].length() - 1);
        }
        kernels.attention(y.reshape(heads, shape.valueSize()), null, q.reshape(heads, shape.keySize()), lists, each,
                new AttentionShape(1, 1, shape.keySize(), shape.valueSize(), shape.scale(), new Span.Causal(),
                        shape.scores()));
    }

    /// Chooses the pages of the query heads of some key-value heads.
    @Override
    protected void range(int from, int to, int worker) {
        PageChoice choice = keys.choice();
        int pages = choice.numPages(keys.length());
        int group = shape.groupSize();
        float[][] scores = new float[group][pages];
        for (int kvHead = from; kvHead < to; kvHead++) {
            choice.scores(keys, kvHead, shape.keySize(),
                    query + (long) Float.BYTES * kvHead * group * shape.keySize(), scores);
            for (int i = 0; i < group; i++) {
                if (choice.withNewest()) {
                    scores[i][pages - 1] = Float.POSITIVE_INFINITY;
                }
                TopK.choose(scores[i], chosen, kvHead * group + i);
            }
        }
    }

    private KeyValues pages(int head) {
        int pageTokens = keys.choice().pageTokens();
        int count = chosen.count(head);
        int last = chosen.get(head, count - 1) * pageTokens;
        int kvHead = head / shape.groupSize();
        KeyValueType type = keys.type();
        KeyValues list = new KeyValues(type, pageTokens, keys.keyCols(), keys.valueCols());
        for (int i = 0; i < count; i++) {
            int position = chosen.get(head, i) * pageTokens;
            list.addPage(keys.keyAddress(position) + type.rowBytes(kvHead * shape.keySize()),
                    keys.valueAddress(position) + type.ofValues().rowBytes(kvHead * shape.valueSize()));
        }
        list.setLength((count - 1) * pageTokens + Math.min(pageTokens, keys.length() - last));
        return list;
    }
}

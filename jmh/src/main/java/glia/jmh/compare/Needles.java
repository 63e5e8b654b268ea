package glia.jmh.compare;

import glia.engine.training.TokenBatch;
import glia.tensor.Hash;
import glia.train.data.Batches;
import java.util.SplittableRandom;

/// Texts of noise with needles, each a key and its value, at random places; then each key twice more, in random order,
/// where its value is the target. Keys, values and noise are different tokens.
///
/// Lengths rise by what was learned: from those of the [Start], they double when the mean loss of the answers falls
/// below [#LEARNED], up to the longest. Each batch has shorter texts, too, so that these are not forgotten.
final class Needles implements Batches {
    static final int NEEDLES = 8;
    /// Tokens after a text: keys and values.
    static final int TAIL = 4 * NEEDLES;
    static final int VOCAB = 64;
    static final int LONGEST = 4096;
    private static final int KEYS = 16;
    private static final int VALUES = 32;
    /// Tokens of a batch at least, and the share of them in texts of all lengths so far.
    private static final int BATCH = 512;
    private static final int EARLIER = 4;
    private static final double LEARNED = 0.1;
    /// Weight of a step in the mean loss.
    private static final double NEWEST = 0.1;

    /// The first texts, and how many needles texts have.
    enum Start {
        /// One or two needles among noise.
        SPARSE(8, 4),
        /// One to eight needles, up to a text of needles alone: most of the answers then need the key.
        DENSE(16, 2);

        /// Tokens of noise with needles, a power of two.
        private final int length;
        /// Tokens for each needle at least, also in longer texts.
        private final int spacing;

        Start(int length, int spacing) {
            this.length = length;
            this.spacing = spacing;
        }
    }

    private final long seed;
    private final Start start;
    private final int longest;
    private int length;
    private double loss = Double.NaN;

    /// @param longest tokens of noise, a power of two
    Needles(long seed, Start start, int longest) {
        this(seed, start, start.length, longest);
    }

    /// @param length of the first texts
    Needles(long seed, Start start, int length, int longest) {
        this.seed = seed;
        this.start = start;
        this.length = length;
        this.longest = longest;
    }

    /// Tokens of noise in the longest texts now.
    int length() {
        return length;
    }

    /// Whether the answers of the longest texts are learned.
    boolean isLearned() {
        return length == longest && loss < LEARNED;
    }

    /// The mean loss of the answers in the last steps.
    double loss() {
        return loss;
    }

    /// A step had this loss.
    void step(double ofStep) {
        loss = Double.isNaN(loss) ? ofStep : loss + NEWEST * (ofStep - loss);
        if (loss < LEARNED && length < longest) {
            length *= 2;
            loss = 1;
        }
    }

    @Override
    public TokenBatch batch(long index) {
        TokenBatch batch = new TokenBatch();
        SplittableRandom random = new SplittableRandom(Hash.of(1, seed, index));
        for (int tokens = 0; tokens < BATCH; tokens += length) {
            add(batch, length, random);
        }
        int levels = Integer.numberOfTrailingZeros(length / start.length);
        for (int tokens = 0; levels > 0 && tokens < BATCH / EARLIER;) {
            int shorter = Math.min(BATCH / EARLIER, start.length << random.nextInt(levels));
            add(batch, shorter, random);
            tokens += shorter;
        }
        return batch;
    }

    private void add(TokenBatch batch, int length, SplittableRandom random) {
        int[] ids = text(length, random.nextInt(1, Math.min(NEEDLES, length / start.spacing) + 1), random.nextLong());
        float[] weights = new float[ids.length];
        for (int at = length + 1; at < ids.length; at += 2) {
            weights[at] = 1;
        }
        batch.add(ids, weights);
    }

    /// A text: noise with needles, then twice the keys with their values.
    ///
    /// @param length of the noise with the needles, even
    static int[] text(int length, int needles, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] ids = new int[length + 4 * needles];
        for (int i = 0; i < length; i++) {
            ids[i] = random.nextInt(VALUES, VOCAB);
        }
        int[] keys = random.ints(0, KEYS).distinct().limit(needles).toArray();
        int[] places = random.ints(0, length / 2).distinct().limit(needles).toArray();
        int[] first = random.ints(0, needles).distinct().limit(needles).toArray();
        int[] second = random.ints(0, needles).distinct().limit(needles).toArray();
        for (int i = 0; i < needles; i++) {
            int value = random.nextInt(KEYS, VALUES);
            for (int at : new int[] {2 * places[i], length + 2 * first[i], length + 2 * (needles + second[i])}) {
                ids[at] = keys[i];
                ids[at + 1] = value;
            }
        }
        return ids;
    }
}

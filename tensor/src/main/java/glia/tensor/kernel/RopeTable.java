package glia.tensor.kernel;

/// Cosines and sines of rotary position embedding, made lazily and kept for positions met so far.
///
/// Pair i of a head at position p turns by the angle `p · inverseFrequency[i]`; cosine and sine are multiplied with
/// `attentionFactor` (YaRN; else 1). https://arxiv.org/abs/2104.09864
public final class RopeTable {
    /// Which two numbers of a head form pair i of `rotated/2`.
    public enum Layout {
        /// i and i + rotated/2, as in Hugging Face's checkpoints.
        HALF_SPLIT,
        /// 2i and 2i + 1, as in GGUF files of the llama family.
        INTERLEAVED
    }

    private final float[] inverseFrequencies;
    private final float attentionFactor;
    private final Layout layout;
    private volatile float[] cosSin = new float[0];

    public RopeTable(float[] inverseFrequencies, float attentionFactor, Layout layout) {
        this.inverseFrequencies = inverseFrequencies.clone();
        this.attentionFactor = attentionFactor;
        this.layout = layout;
    }

    public Layout layout() {
        return layout;
    }

    /// Pairs that turn; the first `2 · numPairs` numbers of each head are rotated, the rest kept.
    public int numPairs() {
        return inverseFrequencies.length;
    }

    /// The table for at least the positions below `numPositions`: for position p, at `2·p·numPairs`, first all cosines,
    /// then all sines.
    public float[] upTo(int numPositions) {
        float[] table = cosSin;
        int stride = 2 * numPairs();
        return (long) numPositions * stride <= table.length ? table : grow(numPositions);
    }

    private synchronized float[] grow(int numPositions) {
        int n = numPairs();
        int had = n == 0 ? 0 : cosSin.length / (2 * n);
        int want = Math.max(numPositions, Math.min(2 * had, had + 4096));
        float[] table = java.util.Arrays.copyOf(cosSin, Math.multiplyExact(want, 2 * n));
        for (int p = had; p < want; p++) {
            for (int i = 0; i < n; i++) {
                // The product is rounded to float first, as the reference does.
                double angle = (float) p * inverseFrequencies[i];
                table[2 * p * n + i] = (float) Math.cos(angle) * attentionFactor;
                table[2 * p * n + n + i] = (float) Math.sin(angle) * attentionFactor;
            }
        }
        cosSin = table;
        return table;
    }
}

package glia.tensor.kernel;

/// The fixed parameters of softmax attention.
///
/// @param numHeads query heads, H
/// @param numKeyValueHeads heads of keys and values, K; query head h reads head `h / (H/K)`
/// @param keySize numbers a head of queries and keys, E
/// @param valueSize numbers a head of values
/// @param scale what the products of queries and keys are multiplied with, usually 1/√E
/// @param span which positions a query sees
/// @param scores what is made of the products before the softmax
public record AttentionShape(int numHeads, int numKeyValueHeads, int keySize, int valueSize, float scale, Span span,
        Scores scores) {
    public AttentionShape {
        if (numHeads < 1 || numKeyValueHeads < 1 || numHeads % numKeyValueHeads != 0 || keySize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("attention of " + numHeads + " heads over " + numKeyValueHeads
                    + " key-value heads of size " + keySize + "/" + valueSize);
        }
    }

    /// The shape with plain scores.
    public AttentionShape(int numHeads, int numKeyValueHeads, int keySize, int valueSize, float scale, Span span) {
        this(numHeads, numKeyValueHeads, keySize, valueSize, scale, span, new Scores.Plain());
    }

    /// What an attention's inner loops are given is checked before: they would read and write what does not belong to
    /// them.
    ///
    /// @throws IllegalArgumentException unless it fits
    public static void check(boolean fits, Object what) {
        if (!fits) {
            throw new IllegalArgumentException(what + " does not fit the attention that it is for");
        }
    }

    /// Query heads that share one head of keys and values.
    public int groupSize() {
        return numHeads / numKeyValueHeads;
    }

    /// How many numbers the rule of scores has learned.
    public int numParameters() {
        return scores.numParameters(numHeads);
    }

    /// Whether pages hold what this shape reads: at least the numbers of all heads a position.
    public boolean reads(KeyValues keyValues) {
        return keyValues.keyCols() >= numKeyValueHeads * keySize
                && keyValues.valueCols() >= numKeyValueHeads * valueSize;
    }
}

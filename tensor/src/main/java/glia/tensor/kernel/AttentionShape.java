package glia.tensor.kernel;

/// The fixed parameters of softmax attention.
///
/// @param numHeads query heads, H
/// @param numKeyValueHeads key-value heads, K; query head h uses head `h / (H/K)`
/// @param keySize size of a head of queries and keys, E
/// @param valueSize size of a head of values
/// @param scale the factor of `q·k`, usually 1/√E
/// @param span the positions that a query attends to
/// @param scores how scores are computed from `q·k` before the softmax
/// @param isPart whether these may be some of the heads, of which others are computed elsewhere: gradients of a head
///     may then not depend on the number of heads
public record AttentionShape(int numHeads, int numKeyValueHeads, int keySize, int valueSize, float scale, Span span,
        Scores scores, boolean isPart) {
    public AttentionShape {
        if (numHeads < 1 || numKeyValueHeads < 1 || numHeads % numKeyValueHeads != 0 || keySize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("attention of " + numHeads + " heads over " + numKeyValueHeads
                    + " key-value heads of size " + keySize + "/" + valueSize);
        }
    }

    /// Creates a shape of all heads.
    public AttentionShape(int numHeads, int numKeyValueHeads, int keySize, int valueSize, float scale, Span span,
            Scores scores) {
        this(numHeads, numKeyValueHeads, keySize, valueSize, scale, span, scores, false);
    }

    /// The shape of some of the heads.
    public AttentionShape part() {
        return new AttentionShape(numHeads, numKeyValueHeads, keySize, valueSize, scale, span, scores, true);
    }

    /// Creates a shape with plain scores.
    public AttentionShape(int numHeads, int numKeyValueHeads, int keySize, int valueSize, float scale, Span span) {
        this(numHeads, numKeyValueHeads, keySize, valueSize, scale, span, new Scores.Plain());
    }

    /// Checks the arguments of an attention kernel before its inner loops run, which check nothing.
    ///
    /// @throws IllegalArgumentException unless `fits`
    public static void check(boolean fits, Object what) {
        if (!fits) {
            throw new IllegalArgumentException(what + " does not fit this attention");
        }
    }

    /// Query heads that share one key-value head (grouped-query attention).
    public int groupSize() {
        return numHeads / numKeyValueHeads;
    }

    /// The number of learned parameters of the scores.
    public int numParameters() {
        return scores.numParameters(numHeads);
    }

    /// Whether pages are large enough for this shape: at least all heads' values a position.
    public boolean reads(KeyValues keyValues) {
        return keyValues.keyCols() >= numKeyValueHeads * keySize
                && keyValues.valueCols() >= numKeyValueHeads * valueSize;
    }
}

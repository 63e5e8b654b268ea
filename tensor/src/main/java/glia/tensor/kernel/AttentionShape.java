package glia.tensor.kernel;

/// The fixed parameters of softmax attention.
///
/// @param numHeads query heads, H
/// @param numKeyValueHeads heads of keys and values, K; query head h reads head `h / (H/K)`
/// @param keySize numbers a head of queries and keys, E
/// @param valueSize numbers a head of values
/// @param scale what scores are multiplied with, usually 1/√E
/// @param span which positions a query sees
public record AttentionShape(int numHeads, int numKeyValueHeads, int keySize, int valueSize, float scale, Span span) {
    public AttentionShape {
        if (numHeads < 1 || numKeyValueHeads < 1 || numHeads % numKeyValueHeads != 0 || keySize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("attention of " + numHeads + " heads over " + numKeyValueHeads
                    + " key-value heads of size " + keySize + "/" + valueSize);
        }
    }

    /// Query heads that share one head of keys and values.
    public int groupSize() {
        return numHeads / numKeyValueHeads;
    }
}

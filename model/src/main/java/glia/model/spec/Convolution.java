package glia.model.spec;

import glia.tensor.kernel.Activation;

/// A depthwise causal convolution before a recurrence: `f(Σ_j w[c,j] x[t-k+1+j,c] + b[c])`.
///
/// @param size k, the kernel size
public record Convolution(int size, Activation activation, Bias bias) {
    public Convolution {
        if (size < 1) {
            throw new IllegalArgumentException("a convolution of " + size + " tokens, expected at least 1");
        }
    }

    /// The parameters, `[C, 1, k]` and `[C]`.
    void parameters(Shapes shapes, int numChannels) {
        shapes.add(Role.CONVOLUTION, numChannels, 1, size);
        if (bias != Bias.NONE) {
            shapes.add(Role.CONVOLUTION_BIAS, numChannels);
        }
    }

    /// The parameters of separate projections and convolutions of queries, keys and values. The convolutions have no
    /// biases.
    void apart(Shapes shapes, int hidden, int keys, int values) {
        shapes.add(Role.QUERY, keys, hidden);
        shapes.add(Role.KEY, keys, hidden);
        shapes.add(Role.VALUE, values, hidden);
        shapes.add(Role.QUERY_CONVOLUTION, keys, 1, size);
        shapes.add(Role.KEY_CONVOLUTION, keys, 1, size);
        shapes.add(Role.VALUE_CONVOLUTION, values, 1, size);
    }

    /// The cache of the last k - 1 inputs of each channel.
    CacheKind cache(int numChannels) {
        return new CacheKind.Recurrence(Math.multiplyExact(numChannels, size - 1));
    }
}

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

    /// The cache of the last k - 1 inputs of each channel.
    CacheKind cache(int numChannels) {
        return new CacheKind.Recurrence(Math.multiplyExact(numChannels, size - 1));
    }
}

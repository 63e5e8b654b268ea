package glia.tensor.kernel;

/// Pointwise functions of MLPs.
public enum Activation {
    /// `x · σ(x)`, https://arxiv.org/abs/1702.03118
    SILU,
    /// `x · Φ(x)` with the error function, https://arxiv.org/abs/1606.08415
    GELU,
    /// `x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))`
    GELU_TANH,
    /// `max(0, x)`
    RELU,
    /// `max(0, x)²`, https://arxiv.org/abs/2109.08668
    RELU_SQUARED
}

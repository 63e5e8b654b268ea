package glia.tensor;

/// A weight matrix `[R,K]` as matrix multiplication reads it: plain or block-quantized values (`Tensor`), or codes with
/// separate scales (`QuantizedMatrix`).
public sealed interface Matrix permits Tensor, QuantizedMatrix {
    /// R, the number of outputs.
    int rows();

    /// K, the number of inputs.
    int cols();

    /// Size of the stored data, in bytes.
    long sizeBytes();

    /// Whether matrix multiplications may quantize their activations to int8 (see `Precision.FAST`).
    boolean isQuantized();

    /// The version of the values: it grows with each change and is 0 for values of a file. Data that kernels derive
    /// from a matrix is valid for the version it was made from.
    long version();
}

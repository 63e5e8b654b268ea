package glia.tensor;

/// A matrix `[R,K]` of weights as products read it: numbers as they are, or codes with scales.
public sealed interface Matrix permits Tensor, QuantizedMatrix {
    /// R, the outputs.
    int rows();

    /// K, the inputs.
    int cols();

    /// Bytes of what is stored.
    long sizeBytes();

    /// Whether products may round their activations to 8 bits: see `Precision.FAST`.
    boolean isQuantized();

    /// A number that grows whenever the matrix's numbers are changed: 0 for those of a file. What kernels derive from a
    /// matrix is good for the version that it was made from.
    long version();
}

package glia.model.spec;

import glia.tensor.kernel.Span;

/// One cache that a mixer keeps for each sequence. Values are F32.
public sealed interface CacheKind {
    /// A KV cache: a key row and a value row for each position that the span still reaches.
    ///
    /// @param keySize width of a key row, all heads together
    /// @param valueSize width of a value row, all heads together
    record KeyValues(int keySize, int valueSize, Span span) implements CacheKind { }

    /// One row for each position that the span still reaches, such as the latent of multi-head latent attention (MLA).
    /// Kernels read the same memory as keys and as values.
    record Rows(int size, Span span) implements CacheKind { }

    /// A state of fixed size, independent of the sequence length: that of a recurrence, or the last inputs of a causal
    /// convolution.
    record Recurrence(int size) implements CacheKind { }

    /// The keys and values of cross attention: a row of each for every token of the encoder's source. They stay as long
    /// as the sequence.
    record Source(int keySize, int valueSize) implements CacheKind { }
}

package glia.model.spec;

import glia.tensor.kernel.Span;

/// One thing that a sequence remembers of a mixer. Numbers are F32.
public sealed interface CacheKind {
    /// A row of keys and a row of values for each position that can still be seen.
    ///
    /// @param keySize numbers a position, all heads together
    record KeyValues(int keySize, int valueSize, Span span) implements CacheKind { }

    /// One row for each position that can still be seen, such as the latent from which keys and values both come.
    /// Kernels see it as keys and, with the same addresses, as values.
    record Rows(int size, Span span) implements CacheKind { }

    /// A fixed count of numbers, whatever the length: the state of a recurrence, or the last inputs of a convolution.
    record Recurrence(int size) implements CacheKind { }

    /// A row of keys and a row of values for each token of the source that an encoder has read: as many as it has, and
    /// for as long as the sequence is not begun anew.
    record Source(int keySize, int valueSize) implements CacheKind { }
}

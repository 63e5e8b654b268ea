package glia.tensor;

/// What arithmetic a product with quantised weights uses. It decides the numbers; the kernel set decides only the speed.
public enum Precision {
    /// F32 activations, F32 accumulation, weights decoded exactly.
    EXACT,
    /// Activations rounded to 8 bits in blocks of 32 (scale = largest magnitude / 127) where weights are quantised.
    FAST
}

/// Gradients of row-wise operations on all threads, over the inner loops of a backend.
///
/// Begin with [RowGradients] and [RowSteps].
package glia.kernels.gradient;

/// Row-wise operations: norms, activations, gathers, sums, elementwise.
///
/// Begin with [Norms] and [ElementwiseMap].
package glia.tensor.ops.row;

/// Machine code for row-wise operations: norms, activations, rotary embedding, logits, optimizer steps.
///
/// Begin with [PointwiseCode] and [NormCode].
package glia.kernels.rows;

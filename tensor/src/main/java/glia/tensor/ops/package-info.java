/// Operations on tensors, each with its gradient; weights; memory of a pass.
///
/// Begin with [Ops], [Operation] and [Weight].
package glia.tensor.ops;
